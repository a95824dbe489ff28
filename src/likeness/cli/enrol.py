"""``likeness enrol``: photos of people into a gallery."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness import errors
from likeness.cli import opening, options, terminal
from likeness.datasets.photo_files import PhotoFiles
from likeness.images.decode import read_photo
from likeness.recogniser.gallery import photo_digest
from likeness.recogniser.gallery.rows import check_name
from likeness.recogniser.photo_reader import PhotoReader, PreparedFace
from likeness.recogniser.recogniser import Recogniser


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """A photo to be enrolled: the person, the file, and metadata of the person.

    Args:
        name: of the person.
        file: the photo.
        metadata: further columns of a CSV.
        where: the line of the CSV, or the photo, for messages.
        problem: why the line cannot be used; "" if it can.
    """

    name: str
    file: Path
    metadata: Mapping[str, str] | None = None
    where: str
    problem: str = ""


@dataclass(kw_only=True)
class _Done:
    added: int = 0
    already: int = 0
    kept: int = 0
    people: set[str] = field(default_factory=set)
    not_taken: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _enrol(
    photos: Annotated[
        Path,
        typer.Argument(
            help="A photo (with --name), a folder with one sub-folder per person, or a CSV file "
            "with the columns person and photo; further columns are stored with the person."
        ),
    ],
    gallery: options.Gallery,
    model: options.Model,
    name: Annotated[str | None, typer.Option(help="The person in the photos.")] = None,
    keep_photos: Annotated[
        bool, options.flag("keep-photos", "Store the photos, for re-enrol.")
    ] = False,
    faces: options.Faces = "none",
    cut_faces: options.CutFaces = False,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Enrol people from photos.

    A gallery that does not exist is created. Each photo is stored before the next is read, so a
    stopped run can be repeated: photos that are enrolled already are skipped (with --keep-photos
    the photo itself is stored too). Names are checked first. Names and photos that cannot be used,
    and photos that are enrolled for another person, are named and left out; exit code 2 if no photo
    could be enrolled.
    """
    if name is not None:
        check_name(name, argument="--name")
    planned, files = _plan(photos, name)
    done = _Done(
        not_taken=[f"{path}: {why}." for path, why in files.left_out],
        skipped=[str(path) for path in files.skipped],
    )
    planned = _with_usable_names(planned, done)
    model_reader = opening.model_and_reader(model, faces=faces, cut=cut_faces)
    skipped, first = _first_usable(planned, model_reader[1], done)
    with (
        opening.recogniser(gallery, model_reader, key_file=key_file, new=True) as opened,
        terminal.reading_bar("Enrolling") as tell,
    ):
        opened.check_capture()
        for number, plan in enumerate(planned[skipped:], skipped + 1):
            # What was read before the gallery was opened counts only if it was read the same way.
            same_way = opened.reader is model_reader[1]
            prepared = first if same_way and number == skipped + 1 else None
            _enrol_planned(opened, plan, done, prepared=prepared, keep_photos=keep_photos)
            tell(number, len(planned))
    _tell(done, json_=json_, gallery=gallery)
    if not done.added and not done.already:
        raise typer.Exit(opening.COULD_NOT_TRY)


def _with_usable_names(planned: Sequence[_Planned], done: _Done) -> list[_Planned]:
    """Return the photos whose person can be enrolled under this name, before anything is done.

    Args:
        planned: the photos.
        done: receives the reasons why others are left out.

    Raises:
        DataError: there is none; the first one's reason.
    """
    usable = []
    for plan in planned:
        try:
            if plan.problem:
                raise errors.DataError(plan.problem)
            usable.append(replace(plan, name=check_name(plan.name)))
        except (errors.DataError, errors.SettingError) as error:
            done.refused.append(f"{plan.where}: {error}")
    if not usable:
        raise errors.DataError(
            f"None of {len(planned)} photos can be used. The first: {done.refused[0]}"
        )
    return usable


def _first_usable(
    planned: Sequence[_Planned], reader: PhotoReader, done: _Done
) -> tuple[int, tuple[bytes, PreparedFace]]:
    """Read photos up to the first usable one, before a gallery is created.

    Args:
        planned: the photos.
        reader: prepares their faces.
        done: receives the reasons why earlier ones cannot be used.

    Returns:
        Its place among the planned, and its bytes and face.

    Raises:
        ImageError: none of the photos can be used; the first one's reason.
    """
    reasons = []
    for number, plan in enumerate(planned):
        try:
            photo = read_photo(plan.file)
            return number, (photo, reader.read_face(photo, name=str(plan.file)))
        except (errors.ImageError, errors.FaceError) as error:
            done.refused.append(_named(plan.file, error))
            reasons.append(str(error))
    raise errors.ImageError(f"None of {len(planned)} photos can be used. The first: {reasons[0]}")


def _named(file: Path, error: Exception) -> str:
    """Return the error's sentence, which begins with the file once."""
    return str(error) if str(error).startswith(f"{file}: ") else f"{file}: {error}"


def _enrol_planned(
    opened: Recogniser,
    plan: _Planned,
    done: _Done,
    *,
    prepared: tuple[bytes, PreparedFace] | None,
    keep_photos: bool,
) -> None:
    try:
        photo, face = prepared or (read_photo(plan.file), None)
        known = opened.gallery.template_of(photo_digest(photo))
        if (
            known is not None
            and known.person == plan.name
            and (known.photo_kept or not keep_photos)
        ):
            done.already += 1
            if plan.metadata is not None:
                opened.gallery.enrol(plan.name, [], metadata=plan.metadata)
            return
        result = opened.enrol_face(
            plan.name,
            face or opened.reader.read_face(photo, name=str(plan.file)),
            photo,
            keep_photo=keep_photos,
            metadata=plan.metadata,
        )
    except (errors.ImageError, errors.FaceError, errors.AlreadyEnrolledError) as error:
        done.refused.append(_named(plan.file, error))
        return
    done.added += len(result.enrolled.added)
    done.already += len(result.enrolled.already)
    done.kept += len(result.enrolled.kept)
    if result.enrolled.added:
        done.people.add(plan.name)
    done.warnings += [
        f"{plan.file}: {text}." for text in (*result.warnings, *result.enrolled.warnings())
    ]
    if result.look_alike is not None:
        done.warnings.append(
            f"{plan.file}: {result.look_alike.name!r} is within the threshold, at "
            f"{result.look_alike.energy:.4g}: {plan.name!r} looks similar, or is the same person."
        )


def _tell(done: _Done, *, json_: str | None, gallery: str) -> None:
    for text in (*done.not_taken, *done.refused):
        terminal.note(f"Warning: left out: {text}")
    for text in done.warnings:
        terminal.note(f"Warning: {text}")
    left_out = len(done.not_taken) + len(done.refused)
    kept = f" ({done.kept:,} of their photos stored now)" if done.kept else ""
    terminal.finish(
        {
            "format": "likeness.enrolment/1",
            "added": done.added,
            "already": done.already,
            "kept": done.kept,
            "people": sorted(done.people),
            "refused": done.refused,
            "not_taken": done.not_taken,
            "skipped": done.skipped,
            "warnings": done.warnings,
        },
        json_,
        f"Enrolled {done.added:,} photos of {len(done.people):,} people in {gallery}; "
        f"{done.already:,} already enrolled{kept}, {left_out:,} left out.",
    )


def _plan(photos: Path, name: str | None) -> tuple[list[_Planned], PhotoFiles]:
    """Return what to enrol, and what of a folder is not taken.

    Raises:
        DataNotFoundError: there is nothing to enrol.
        DataError: the CSV file is malformed.
        SettingError: the name is missing, or given although the file has names.
    """
    if photos.is_dir():
        files = PhotoFiles.of_folder(photos) if name else PhotoFiles.of_people(photos)
        planned = [
            _Planned(name=name or file.parent.name, file=file, where=str(file))
            for file in files.photos
        ]
        if not planned:
            raise errors.DataNotFoundError(
                f"{photos}: expected photos{'' if name else ' in one sub-folder per person'}. "
                "Found none. For the photos of one person add --name."
            )
        return planned, files
    if not photos.exists():
        raise errors.DataNotFoundError(
            f"{photos}: expected a photo, a folder or a CSV. Found nothing."
        )
    if photos.suffix.lower() == ".csv":
        if name:
            raise errors.SettingError("--name: the CSV file has the names. Omit it.")
        return _from_csv(photos), PhotoFiles()
    if not name:
        raise errors.SettingError("--name: expected the person's name. Received: nothing.")
    return [_Planned(name=name, file=photos, where=str(photos))], PhotoFiles()


def _from_csv(file: Path) -> list[_Planned]:
    try:
        # A byte that is no UTF-8 costs its line, not the file.
        with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or []
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, csv.Error) as error:
        raise errors.DataError(
            f"{file}: expected a CSV file in UTF-8. It cannot be read: {error}."
        ) from error
    if not {"person", "photo"} <= set(columns):
        raise errors.DataError(
            f"{file}: expected the columns person and photo. Received: {', '.join(columns)}."
        )
    planned = [_from_row(row, file=file, line=line) for line, row in rows]
    if not planned:
        raise errors.DataNotFoundError(f"{file}: expected a line for each photo. Found none.")
    return planned


def _from_row(row: Mapping[str | None, Any], *, file: Path, line: int) -> _Planned:
    """Return the photo of a line, or what is wrong with the line."""
    metadata = {str(key): value for key, value in row.items() if key not in ("person", "photo")}
    cells = [cell or "" for key, cell in row.items() if key is not None]
    problem = ""
    if not (row["person"] or "").strip() or not (row["photo"] or "").strip():
        problem = "expected a person and a photo. Fill both in."
    elif None in row:
        problem = "expected a cell for each column. Received: more. Put commas in quotes."
    elif any("\udc80" <= letter <= "\udcff" for cell in cells for letter in cell):
        problem = "expected UTF-8. Received: other bytes. Save the file as UTF-8."
    elif "\0" in row["photo"]:
        problem = "photo: expected the path of a file. Received: one with a zero byte."
    return _Planned(
        name=row["person"] or "",
        file=file.parent / (row["photo"] or ""),  # an absolute path stays one
        metadata=metadata or None,
        where=f"{file}, line {line}",
        problem=problem,
    )
