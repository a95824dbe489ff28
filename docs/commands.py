"""Print docs/commands.md from the commands themselves: ``python docs/commands.py``."""

import inspect
from typing import Any

from typer.main import get_command

from likeness.cli.app import app


def page(words: tuple[str, ...], command: Any) -> str:
    """Return one command's section: usage, what it does, arguments and options."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join(["likeness", *words, *(_usage(argument) for argument in arguments)])
    lines = [f"## {' '.join(('likeness', *words))}", "", "```text", f"{usage} [OPTIONS]", "```"]
    lines += ["", inspect.cleandoc(command.help or ""), ""]
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


def sections(words: tuple[str, ...], command: Any) -> list[str]:
    """Return the section of a command, or of each command in a group."""
    inner = getattr(command, "commands", None)
    if inner is None:
        return [page(words, command)]
    return [text for name in inner for text in sections((*words, name), inner[name])]


def main() -> None:
    """Print the page."""
    print("# Commands\n\nEvery command and its options, as `--help` has them.\n")
    print("\n\n".join(sections((), get_command(app))))


if __name__ == "__main__":
    main()
