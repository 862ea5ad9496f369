"""The `duologue` command."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable, Sequence

from pydantic_settings import BaseSettings

from duologue import __version__
from duologue.auth import commands as auth_commands
from duologue.auth.settings import AuthSettings
from duologue.chat.commands import new_epoch
from duologue.chat.migrations import migrate as migrate_chat
from duologue.chat.settings import ChatSettings
from duologue.kit import logs
from duologue.kit.data import require, usable
from duologue.kit.settings import SettingsError, load, refuse_unknown, variable_names
from duologue.serve import process, services
from duologue.serve.settings import MOST_PORT, ServeSettings
from duologue.verify import command as verify_command

GROUPS: tuple[type[BaseSettings], ...] = (ServeSettings, AuthSettings, ChatSettings)
_SERVICES = {None: services.embedded, "auth": services.only_auth, "chat": services.only_chat}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 2 wrong settings or usage, 3 the server could not start."""
    options = _parser().parse_args(arguments)
    try:
        refuse_unknown(os.environ, variable_names(GROUPS))
        # a command's own answer is enough; `serve` sets what its settings say
        logs.configure(level="warning")
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except (SettingsError, RuntimeError, OSError) as error:
        print(f"duologue: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="duologue", description="Accounts and chat for your product, self-hosted.")
    parser.add_argument("--version", action="version", version=f"duologue {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run both services, or one, in the foreground")
    serve.add_argument("service", nargs="?", choices=services.NAMES, help="only this one (default: both)")
    serve.add_argument(
        "--also-port", type=_port, metavar="PORT", help="listen on a second port, such as 80 (or set ALSO_PORT)"
    )
    serve.set_defaults(command=_serve)

    migrate = commands.add_parser("migrate", help="bring the databases to this version's schema")
    migrate.add_argument("service", nargs="?", choices=services.NAMES, help="only this one's (default: both)")
    migrate.set_defaults(command=_migrate)

    check = commands.add_parser("check-config", help="show every setting with its value, or say what is wrong")
    check.add_argument("--json", action="store_true", help="for programs")
    check.set_defaults(command=_check_config)

    admin = commands.add_parser("create-admin", help="make an account that may use /admin/")
    admin.add_argument("username")
    admin.add_argument("--email", required=True)
    admin.set_defaults(command=_create_admin)

    epoch = commands.add_parser("new-epoch", help="after restoring a backup of chat: every client fetches anew")
    epoch.set_defaults(command=_new_epoch)

    rotate = commands.add_parser("rotate-key", help="make a new signing key; tokens of the old one stay good")
    rotate.set_defaults(command=_rotate_key)

    verify_command.add_to(commands)
    return parser


def _serve(options: argparse.Namespace) -> int:
    also = {} if options.also_port is None else {"also_port": options.also_port}
    return process.run(load(ServeSettings, **also), _SERVICES[options.service]())


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= MOST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no port; those are numbers up to {MOST_PORT}")


def _migrate(options: argparse.Namespace) -> int:
    data = load(ServeSettings).data
    with usable(data):
        if options.service != "chat":
            auth_commands.migrate(load(AuthSettings))
        if options.service != "auth":
            migrate_chat(load(ChatSettings).database)
    print(f"The databases in {data.absolute()} have this version's schema.")
    return 0


def _check_config(options: argparse.Namespace) -> int:
    values: dict[str, tuple[object, str]] = {}
    for group in GROUPS:
        values |= _effective(group)
    if options.json:
        print(json.dumps({name: value for name, (value, _) in sorted(values.items())}, indent=2))
        return 0
    width = max(map(len, values))
    for name, (value, description) in sorted(values.items()):
        print(f"{name:{width}}  {'' if value is None else value!s:24}  {description}")
    return 0


def _effective(group: type[BaseSettings]) -> dict[str, tuple[object, str]]:
    settings = load(group)
    prefix = group.model_config.get("env_prefix", "")
    shown = settings.model_dump(mode="json")
    return {
        field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper(): (
            shown[name],
            field.description or "",
        )
        for name, field in group.model_fields.items()
    }


def _create_admin(options: argparse.Namespace) -> int:
    # never an argument: those stand in the process list and in the shell's history
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    settings = load(AuthSettings)
    # before the first start too: an installation can be set up with its administrator in it
    made = "" if settings.database.exists() else ", which is new"
    with usable(settings.data):
        auth_commands.create_admin(settings, options.username, options.email, password)
    print(f"{options.username} may now use /admin/; the account is in {settings.directory.absolute()}{made}.")
    return 0


def _new_epoch(_: argparse.Namespace) -> int:
    settings = load(ChatSettings)
    require(settings.database, settings.data)
    with usable(settings.data):
        epoch = new_epoch(settings.database)
    print(f"The epoch of {settings.database.absolute()} is now {epoch}.")
    return 0


def _rotate_key(_: argparse.Namespace) -> int:
    settings = load(AuthSettings)
    # not the keys: where all were withdrawn, this is the way out
    require(settings.database, settings.data)
    with usable(settings.data):
        kid = auth_commands.rotate_key(settings)
    keys = settings.keys.absolute()
    print(f"In {settings.key_delay:g} seconds tokens will be signed with the new key in {keys}, {kid}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
