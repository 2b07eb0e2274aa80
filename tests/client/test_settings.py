"""Settings: which layer wins, what is refused, and what counts as unset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.setting_table import SETTINGS, schema
from sidelight_client.settings import Layer, flatten, from_environment, resolve


def test_the_strongest_layer_wins_in_whatever_order_they_are_given() -> None:
    settings = resolve(
        [
            (Layer.FILE, {"gateway": "https://file.example"}),
            (Layer.POLICY, {"gateway": "https://policy.example"}),
            (Layer.ENVIRONMENT, {"gateway": "https://env.example"}),
        ]
    )
    assert settings.text("gateway") == "https://policy.example"
    assert settings.explain("gateway").locked


def test_an_editor_that_answers_an_empty_section_changes_nothing() -> None:
    file = {"completions": {"enabled": False, "languages_off": ["markdown"]}}
    settings = resolve([(Layer.FILE, file), (Layer.EDITOR, {"completions": {}})])
    assert not settings.flag("completions.enabled")
    assert settings.items("completions.languages_off") == ("markdown",)


def test_null_means_unset() -> None:
    settings = resolve([(Layer.EDITOR, {"gateway": None}), (Layer.FILE, {"gateway": "https://x"})])
    assert settings.text("gateway") == "https://x"


@pytest.mark.parametrize(
    ("key", "given", "problem"),
    [
        ("vault", "cloud", "it must be one of keyring, memory, file"),
        ("vault", 3, "it must be text"),
        ("gateway", "http://ai.example", "it must be an https address, or http on this machine"),
        (
            "gateway",
            "https://me:pw@ai.example",
            "it must be an https address, or http on this machine",
        ),
        ("auth.issuer", "ftp://x", "it must be an https address, or http on this machine"),
        ("completions.max_lines", 0, "it must be at least 1"),
        ("completions.max_lines", 1_000, "it must be at most 50"),
        ("completions.max_lines", True, "it must be a whole number"),
        ("completions.enabled", "perhaps", "it must be true or false"),
        ("completions.languages_off", [1], "it must be a list of words"),
        ("auth.redirect_ports", [80], "it must be a list of ports from 1024 to 65535"),
        ("auth.redirect_ports", "8400,x", "it must be a list of ports from 1024 to 65535"),
        ("auth.redirect_ports", [True], "it must be a list of ports from 1024 to 65535"),
        ("colour", "red", "there is no such setting"),
    ],
)
def test_a_bad_value_is_reported_and_the_next_layer_decides(
    key: str, given: object, problem: str
) -> None:
    settings = resolve([(Layer.FILE, {key: given})])
    assert [(p.key, p.problem) for p in settings.problems] == [(key, problem)]
    if key in SETTINGS:
        assert settings.explain(key).layer is Layer.DEFAULT


def test_the_environment_speaks_in_words() -> None:
    environ = {
        "SIDELIGHT_COMPLETIONS_ENABLED": "off",
        "SIDELIGHT_COMPLETIONS_MAX_LINES": "9",
        "SIDELIGHT_COMPLETIONS_LANGUAGES_OFF": "markdown, yaml",
        "SIDELIGHT_VAULT": "",
    }
    settings = resolve([(Layer.ENVIRONMENT, from_environment(environ))])
    assert settings.problems == ()
    assert not settings.flag("completions.enabled")
    assert settings.number("completions.max_lines") == 9
    assert settings.items("completions.languages_off") == ("markdown", "yaml")
    assert settings.explain("vault").layer is Layer.DEFAULT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*SETTINGS, "x", "completions"]), JSON, max_size=6))
def test_whatever_a_file_holds_every_setting_keeps_a_valid_value(raw: dict[str, object]) -> None:
    settings = resolve([(Layer.FILE, raw)])
    for key, setting in SETTINGS.items():
        assert type(settings.explain(key).value) is type(setting.default)


@pytest.mark.parametrize(
    "url",
    ["", "https://ai.example/v1", "http://127.0.0.1:8080", "http://[::1]:1", "http://localhost"],
)
def test_an_address_tokens_may_travel_to_is_taken(url: str) -> None:
    assert resolve([(Layer.FILE, {"gateway": url})]).text("gateway") == url


@pytest.mark.parametrize("given", [[8400, 8401], ["8400", "8401"], "8400, 8401"])
def test_ports_may_be_written_as_numbers_or_words(given: object) -> None:
    settings = resolve([(Layer.FILE, {"auth.redirect_ports": given})])
    assert settings.items("auth.redirect_ports") == ("8400", "8401")


def test_nested_and_dotted_keys_mean_the_same() -> None:
    assert flatten({"a": {"b": 1}}) == flatten({"a.b": 1}) == {"a.b": 1}


def test_the_schema_describes_every_setting() -> None:
    described = schema()["properties"]
    assert set(described) == {f"sidelight.{key}" for key in SETTINGS}
    assert all(entry["description"] for entry in described.values())


ZONES = ("https://eu.example", "https://us.example")


@pytest.mark.parametrize(
    "given",
    [list(ZONES), "https://eu.example, https://us.example", [*ZONES, ZONES[0]]],
)
def test_a_gateway_may_have_several_addresses_and_is_known_by_the_first(given: object) -> None:
    settings = resolve([(Layer.FILE, {"gateway": given})])
    assert settings.problems == ()
    assert settings.texts("gateway") == ZONES
    assert settings.text("gateway") == ZONES[0]


@pytest.mark.parametrize("given", [["https://eu.example"], "https://eu.example"])
def test_a_gateway_with_one_address_is_not_a_list(given: object) -> None:
    settings = resolve([(Layer.FILE, {"gateway": given})])
    assert settings.explain("gateway").value == "https://eu.example"
    assert settings.texts("gateway") == ("https://eu.example",)


def test_without_a_gateway_there_is_no_address() -> None:
    assert resolve([]).texts("gateway") == ()


@pytest.mark.parametrize(
    "given",
    [
        [],
        [*ZONES, "http://elsewhere.example"],
        [*ZONES, ""],
        [*ZONES, 3],
        [f"https://{number}.example" for number in range(9)],
        {"eu": 1},
        "https://eu.example,http://plain.example",
    ],
)
def test_of_several_addresses_each_must_be_one_a_token_may_travel_to(given: object) -> None:
    settings = resolve([(Layer.FILE, {"gateway": given})])
    assert settings.texts("gateway") == ()
    assert settings.problems


def test_a_setting_that_has_one_value_takes_no_list() -> None:
    settings = resolve([(Layer.FILE, {"auth": {"issuer": list(ZONES)}})])
    assert settings.problems[0].problem == "it must be text"
