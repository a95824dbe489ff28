"""What the doctor says about a photo when it is enrolled, while it can be taken again."""

from likeness.recogniser.recogniser import EnrolledPhoto


def advice_of(outcome: EnrolledPhoto) -> list[str]:
    """Return sentences: about the photo, about look-alikes, and about a second photo."""
    person = outcome.enrolled.person
    said = [f"{words[:1].upper()}{words[1:]}. Take another photo." for words in outcome.warnings]
    other = outcome.look_alike
    if other is not None:
        said.append(
            f"{other.name} is within the threshold of this photo, at {other.energy:.4g}: if both "
            "are one person, merge them; if not, enrol more photos of both, and do not rely on "
            "their names alone."
        )
    if not outcome.enrolled.added:
        said.append("This very photo was enrolled before; nothing was added.")
    if person.templates == 1:
        said.append(
            f"{person.name} has one photo. A second one on another day, or in other light, makes "
            "it likelier that they are recognised."
        )
    return said
