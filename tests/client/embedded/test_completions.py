"""A completion through the whole gateway: shapes, source, limits header, content rules, bad input."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.anyio

SSN = "219-45-1234"
CARD = "4242 4242 4242 4242"


async def test_a_completion_streams_and_ends_with_usage_and_source(serve, workspace):
    async with serve(workspaces=(workspace,)) as client:
        await client.sign_in()
        await client.gateway.workspace_ready()
        reply = await client.complete("def other(prices, discount):\n    subtotal = su")
    *_, finish, last = reply.events
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.text.startswith("m(prices)")
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert last["choices"] == []
    assert last["sidelight"]["source"] == {
        "kind": "workspace",
        "label": "workspace match: shop/basket.py:2",
    }
    assert last["usage"]["prompt_tokens"] == 12
    assert last["usage"]["prompt_tokens_details"] == {"cached_tokens": 0}


async def test_a_whole_answer_says_the_same_as_a_streamed_one(client):
    prompt = "alpha = first(value)\nbeta = second(value)\nalpha = fi"
    streamed = await client.complete(prompt)
    whole = await client.complete(prompt, stream=False)
    assert streamed.text == whole.json["choices"][0]["text"] == "rst(value)"
    assert whole.json["object"] == "text_completion"
    assert whole.json["sidelight"]["source"] == {"kind": "workspace", "label": "this file"}
    assert whole.json["usage"] == streamed.events[-1]["usage"]


async def test_alternatives_are_what_other_places_say_each_with_its_number(client):
    prompt = "x = make(alpha)\ny = 1\nx = make(beta)\nz = 2\nx = make(beta)\nu = 3\nx = ma"
    reply = await client.complete(prompt, n=3, stream=False)
    choices = reply.json["choices"]
    assert [choice["text"] for choice in choices] == ["ke(beta)", "ke(alpha)"]
    assert [choice["index"] for choice in choices] == [0, 1]
    one = await client.complete(prompt, stream=False)
    assert one.json["choices"] == choices[:1]
    assert reply.json["usage"]["completion_tokens"] > one.json["usage"]["completion_tokens"]


async def test_a_chat_completes_the_last_user_message_in_chat_shape(client):
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "x = make(a)\nx = ma"}]},
    ]
    body = {"messages": messages, "stream": True, "stream_options": {"include_usage": True}}
    reply = await client.ask("POST", "/v1/chat/completions", body=body)
    assert reply.text == "ke(a)"
    assert reply.events[0]["object"] == "chat.completion.chunk"
    body = {"messages": messages}
    reply = await client.ask("POST", "/v1/chat/completions", body=body)
    assert reply.json["choices"][0]["message"] == {"role": "assistant", "content": "ke(a)"}


async def test_without_include_usage_no_chunk_is_without_a_choice(client):
    reply = await client.complete("x = make(a)\nx = ma", stream_options=None)
    assert all(event["choices"] for event in reply.events)
    assert reply.events[-1]["sidelight"]["source"]["label"] == "this file"


async def test_nothing_to_say_is_an_empty_answer_not_an_error(client):
    reply = await client.complete("nothing like this was ever seen")
    assert (reply.status, reply.text) == (200, "")
    assert client.gateway.audit.lines[-1].outcome == "empty"


async def test_the_trace_id_of_the_request_comes_back_and_is_in_the_audit(client):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    body = client.question("x = make(a)\nx = ma")
    reply = await client.ask("POST", "/v1/completions", headers, body)
    assert reply.headers["x-request-id"] == trace
    assert client.gateway.audit.lines[-1].trace_id == trace


@pytest.mark.parametrize(
    "given", ["", "00-" + "0" * 32 + "-1-01", "00-xyz-1-01", "garbage", "-" * 90]
)
async def test_a_trace_that_is_none_is_replaced(client, given):
    trace = (await client.ask("GET", "/", {"traceparent": given})).headers["x-request-id"]
    assert len(trace) == 32
    assert int(trace, 16) > 0


async def test_every_answer_carries_the_limits(client):
    reply = await client.complete()
    limits = json.loads(reply.headers["x-sidelight-limits"])
    assert [(said["scope"], said["limit"], said["used"], said["kind"]) for said in limits] == [
        ("user", 120, 1, "hard"),
        ("team", 800, 1, "hard"),
        ("org", 5000, 1, "soft"),
    ]


async def test_the_audit_has_who_what_and_how_long_and_nothing_of_the_text(client, caplog):
    caplog.set_level("INFO", "sidelight.audit")
    await client.complete("secret_name = make(a)\nsecret_name = ma")
    line = client.gateway.audit.lines[-1]
    assert (line.user, line.model, line.outcome) == ("you@this-machine", "workspace", "completed")
    assert line.output_tokens > 0
    assert "secret_name" not in caplog.text
    assert line.trace_id in caplog.text


@pytest.mark.parametrize(
    ("before", "part"),
    [("", "prompt"), ("x = 1\n# 🙂🙂 é ", "prompt"), ("\n# 🙂 ", "suffix")],
)
@pytest.mark.parametrize(("text", "rule"), [(SSN, "us_ssn"), (CARD, "payment_card")])
async def test_personal_data_is_blocked_at_its_exact_characters(client, before, part, text, rule):
    given = {"prompt": "x = ", "suffix": "", part: f"{before}{text} # end"}
    reply = await client.complete(**given)
    said = reply.error["sidelight"]
    assert (reply.status, reply.error["code"]) == (400, "policy.blocked")
    (finding,) = said["findings"]
    assert finding["rule"] == said["rule"] == rule
    assert finding["part"] == {"prompt": "prefix", "suffix": "suffix"}[part]
    assert given[part][finding["start"] : finding["end"]] == text
    assert said["title"]
    assert said["why"]
    assert said["contact"]
    assert text.encode() not in reply.body


async def test_each_finding_is_told(client):
    reply = await client.complete(f"a = '{SSN}'\nb = '{CARD}'", suffix=f"# {SSN}")
    found = [(f["rule"], f["part"]) for f in reply.error["sidelight"]["findings"]]
    assert found == [("us_ssn", "prefix"), ("payment_card", "prefix"), ("us_ssn", "suffix")]


async def test_personal_data_in_an_earlier_message_blocks_without_a_place(client):
    messages = [{"role": "system", "content": SSN}, {"role": "user", "content": "hello"}]
    reply = await client.ask("POST", "/v1/chat/completions", body={"messages": messages})
    assert reply.error["code"] == "policy.blocked"
    assert reply.error["sidelight"]["findings"] == []
    assert reply.error["sidelight"]["rule"] == "us_ssn"


@pytest.mark.parametrize("text", ["000-12-3456", "4242 4242 4242 4243", "someone@example.com"])
async def test_what_only_looks_like_it_passes(client, text):
    assert (await client.complete(f"x = '{text}'")).status == 200


async def test_a_lone_surrogate_in_the_text_is_no_reason_to_fail(client):
    body = b'{"prompt": "x = \\ud83d make(a)", "suffix": "\\udc00"}'
    assert (await client.ask("POST", "/v1/completions", body=body)).status == 200


async def test_a_request_longer_than_the_model_takes_is_refused_with_both_numbers(serve):
    async with serve(max_input_tokens=100) as client:
        await client.sign_in()
        reply = await client.complete("x" * 404)
    assert (reply.status, reply.error["code"]) == (400, "context.exceeded")
    assert (reply.error["sidelight"]["limit"], reply.error["sidelight"]["got"]) == (100, 101)


async def test_a_model_that_does_not_exist_is_refused_by_name(client):
    reply = await client.complete(model="gpt-99")
    assert (reply.status, reply.error["code"]) == (403, "auth.model_denied")
    assert reply.error["sidelight"]["model"] == "gpt-99"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"prompt": 5}',
        b'{"prompt": ["x"]}',
        b'{"prompt": "x", "suffix": 1}',
        b'{"prompt": "x", "max_tokens": -1}',
        b'{"prompt": "x", "max_tokens": 0}',
        b'{"prompt": "x", "max_tokens": true}',
        b'{"prompt": "x", "max_tokens": "9"}',
        b'{"prompt": "x", "max_tokens": NaN}',
        b'{"prompt": "x", "max_tokens": ' + b"9" * 5_000 + b"}",
        b'{"prompt": "x", "stop": 1}',
        b'{"prompt": "x", "stop": [1]}',
        b'{"prompt": "x", "stop": {}}',
        b'{"prompt": "x", "stop": ["a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a"]}',
        b'{"prompt": "x", "stream": "yes"}',
        b'{"prompt": "x", "stream_options": []}',
        b'{"prompt": "x", "n": 2, "stream": true}',
        b'{"prompt": "x", "n": 4}',
        b'{"prompt": "x", "n": true}',
        b'{"prompt": "x", "model": {}}',
    ],
)
async def test_a_body_that_is_no_request_is_explained_in_one_sentence(client, body):
    reply = await client.ask("POST", "/v1/completions", body=body)
    assert (reply.status, reply.error["code"]) == (400, "bad_request")
    assert reply.error["message"]


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        {},
        ["x"],
        [{"role": "system", "content": "x"}],
        [{"role": "user", "content": 5}],
        [{"role": "user", "content": [5]}],
        [{"role": "user", "content": [{"type": "image"}]}],
    ],
)
async def test_a_chat_without_a_text_to_answer_is_refused(client, messages):
    reply = await client.ask("POST", "/v1/chat/completions", body={"messages": messages})
    assert reply.status == 400


async def test_stop_strings_end_the_answer(client):
    prompt = "x = make(alpha, beta)\nx = ma"
    assert (await client.complete(prompt, stop=", beta")).text == "ke(alpha"
    assert (await client.complete(prompt, stop=["zz", "(a"])).text == "ke"


async def test_max_tokens_bounds_the_answer_and_says_so(client):
    reply = await client.complete("x = make(alpha, beta)\nx = ma", max_tokens=2)
    assert reply.text == "ke("
    assert reply.events[-2]["choices"][0]["finish_reason"] == "length"
