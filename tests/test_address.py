"""No password is shown, whatever stands in it and whichever way it would have come out."""

from __future__ import annotations

import traceback
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from archnb.address import hide_password, normalise_address, show_address
from archnb.cli import main
from archnb.exceptions import ArchnbError
from archnb.readers import read_any
from archnb.verify.mysql_server import read_mysql_url
from archnb.verify.postgresql_server import POSTGRESQL_URL, read_postgresql_url
from archnb.verify.servers import open_mysql_database, open_postgresql_database
from tests.designs import DESIGNS

# each of the pieces is telling: none may be seen
SECRETS = ["hunter2zebra", "hun@ter2zebra", "hun:ter2zebra", "hun/ter2zebra", "hun?ter2zebra", "hun#ter2zebra", "hun%ter2zebra",
           "h@u:n/ter2@zebra", "hun ter2zebra", "hun'ter2zebra", "hun%40ter2zebra", "1/ter2zebra", "hün[ter2]zebra"]  # fmt: skip
PIECES = ("ter2", "zebra")


def _see_nothing(text: str) -> None:
    assert not [piece for piece in PIECES if piece in text], text


@pytest.mark.parametrize("secret", SECRETS)
def test_any_password_is_read_as_it_is(secret: str) -> None:
    """What a person typed between the user and the host is the password, encoded or not."""
    plain = "hun@ter2zebra" if secret == "hun%40ter2zebra" else secret
    for written in {secret, quote(plain, safe="")}:
        found = read_postgresql_url(f"postgresql://ann:{written}@db.example:5433/shop")
        assert [found[name] for name in ("user", "password", "host", "port", "dbname")] == [
            "ann",
            plain,
            "db.example",
            "5433",
            "shop",
        ]
        other = read_mysql_url(f"mysql://ann:{written}@db.example:3307/")
        assert [other[name] for name in ("user", "password", "host", "port")] == ["ann", plain, "db.example", 3307]


@pytest.mark.parametrize(
    "address",
    ["postgresql://db.example/shop", "postgresql://ann@db.example/shop?options=-c%20a@b", "mysql://db.example:3306/x?ssl=a@b",
     "postgresql://[::1]:5432/shop", "postgresql:///shop?host=/tmp", "host=db user=ann", "sqlite:///a@b.db", "/tmp/dump.sql"],
)  # fmt: skip
def test_an_address_without_a_password_stays_as_it_is(address: str) -> None:
    """Nothing is taken for a password that is none."""
    assert normalise_address(address) == address
    assert show_address(address) == address


@pytest.mark.parametrize("secret", SECRETS)
def test_no_error_shows_a_password(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that do not answer, databases that cannot be read, URLs with a slip: neither message nor traceback has it."""
    ways = [
        lambda: open_postgresql_database(f"postgresql://ann:{secret}@127.0.0.1:1/shop").__enter__(),
        lambda: open_postgresql_database(f"host=127.0.0.1 port=1 user=ann password='{secret}").__enter__(),
        lambda: open_postgresql_database(f"postgresql://ann:{secret}@127.0.0.1:port/shop").__enter__(),
        lambda: open_postgresql_database(f"postgresql://127.0.0.1:1/shop?password={quote(secret)}").__enter__(),
        lambda: open_mysql_database(f"mysql://ann:{secret}@127.0.0.1:1/").__enter__(),
        lambda: open_mysql_database(f"mysql://ann:{secret}@127.0.0.1:port/").__enter__(),
        lambda: open_mysql_database(f"mysq://ann:{secret}@127.0.0.1:1/").__enter__(),
        lambda: read_any(f"postgresql://ann:{secret}@127.0.0.1:1/shop"),
        lambda: read_any(f"mysql://ann:{secret}@127.0.0.1:1/shop"),
        lambda: read_any(f"oracle://ann:{secret}@127.0.0.1:1/shop"),
        lambda: read_any(f"postgresql+none://ann:{secret}@127.0.0.1:1/shop"),
        lambda: read_any(f"postgresql:/ann:{secret}@127.0.0.1:1/shop"),
        lambda: read_any(f"postgresql://ann:{secret}@127.0.0.1:port/shop"),
    ]  # fmt: skip
    for way in ways:
        with pytest.raises(ArchnbError) as caught:
            way()
        _see_nothing(str(caught.value))
        _see_nothing("".join(traceback.format_exception_only(caught.value)))
        _see_nothing(repr(caught.value.__cause__))
        if not caught.value.__suppress_context__:
            _see_nothing(repr(caught.value.__context__))


@pytest.mark.parametrize("secret", SECRETS)
def test_the_command_line_shows_no_password(secret: str) -> None:
    """Nor does the command line, as text or as JSON."""
    for words in (
        ["import", f"postgresql://ann:{secret}@127.0.0.1:1/shop"],
        ["import", f"mysql://ann:{secret}@127.0.0.1:1/shop", "--json"],
        ["import", f"postgresql:/ann:{secret}@127.0.0.1:1/shop"],
    ):  # fmt: skip
        done = CliRunner().invoke(main, words)
        assert done.exit_code not in (0, 1)
        _see_nothing(done.stdout + done.stderr)


def test_a_proof_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of the environment that does not answer is named without its password."""
    monkeypatch.setenv(POSTGRESQL_URL, "postgresql://ann:hun@ter2zebra@127.0.0.1:1/shop")
    done = CliRunner().invoke(main, ["verify", str(DESIGNS / "shortener.yaml"), "--json"])
    assert done.exit_code == 3
    _see_nothing(done.stdout + done.stderr)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_any_password_is_hidden_in_any_form(secret: str) -> None:
    """Written as it is, encoded, or quoted by a driver, it is taken out; and an address that is read once reads alike."""
    address = f"postgresql://ann:{quote(secret, safe='')}@db.example/shop"
    assert normalise_address(normalise_address(address)) == normalise_address(address)
    assert read_postgresql_url(address)["password"] == secret
    shown = hide_password(f"<{secret}> {secret!r} {quote(secret, safe='')}", address)
    if len(secret) >= 4:
        assert secret not in shown.replace("***", "")
