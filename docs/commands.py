"""Print docs/commands.md from the commands themselves: ``python docs/commands.py``."""

from typing import Any

from likeness.cli.app import commands


def page(words: tuple[str, ...], command: Any) -> str:
    """Return one command's section: usage, what it does, arguments and options."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join(["likeness", *words, *(_usage(argument) for argument in arguments)])
    lines = [f"## {' '.join(('likeness', *words))}", "", "```text", f"{usage} [OPTIONS]", "```"]
    lines += ["", command.help, ""]
    lines += [f"- `{_usage(argument)}`: {argument.help}" for argument in arguments]
    lines += [
        f"- `{', '.join(option.opts)}`: {option.help}{_default(option)}" for option in options
    ]
    return "\n".join(lines).rstrip()


def _usage(argument: Any) -> str:
    name = argument.name.upper()
    return name if argument.required else f"[{name}]"


def _default(option: Any) -> str:
    if option.required:
        return " Required."
    if option.default is None or option.default is False or callable(option.default):
        return ""
    return f" Default: {option.default}."


def main() -> None:
    """Print the page."""
    print("# Commands\n\nEvery command and its options, as `--help` has them.\n")
    print("\n\n".join(page(tuple(entry.words.split()), entry.parser()) for entry in commands()))


if __name__ == "__main__":
    main()
