"""Which files describe infrastructure: by their name, and by their first lines where it is not enough."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

MAX_LINES = 400
MAX_LINE = 400
"""How much of a file is looked at, in lines and code points a line."""


class FileKind(StrEnum):
    """A kind of file that rules can name; INFRASTRUCTURE is all of the others."""

    INFRASTRUCTURE = "infrastructure"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"
    KUBERNETES = "kubernetes"
    HELM = "helm"


_TERRAFORM_ENDS = (".tf", ".tf.json", ".tfvars", ".tfvars.json", ".tofu", ".terraform.lock.hcl")
_CLOUDFORMATION_ENDS = (".cfn.yaml", ".cfn.yml", ".cfn.json", ".cfn.template")
_HELM_NAMES = frozenset(("chart.yaml", "chart.lock", "_helpers.tpl", ".helmignore"))
_KUBERNETES_NAMES = frozenset(("kustomization.yaml", "kustomization.yml", "kubeconfig"))

_OPEN_TO_CONTENT = frozenset(
    ("", "yaml", "yml", "json", "jsonc", "template", "hcl", "tpl", "tmpl", "j2", "txt", "bak")
)
"""Endings that say nothing certain; a program that holds a template as text is still a program."""
_LABELS = {"resource": 2, "data": 2, "provider": 1, "module": 1, "variable": 1, "output": 1}
"""Blocks of the Terraform language with their number of labels.
<https://developer.hashicorp.com/terraform/language/syntax/configuration>
"""
_HELM_OBJECTS = (".Values.", ".Release.", ".Chart.", ".Capabilities.")
"""<https://helm.sh/docs/chart_template_guide/builtin_objects/>"""


_LANGUAGES = {
    "terraform": FileKind.TERRAFORM,
    "terraform-vars": FileKind.TERRAFORM,
    "opentofu": FileKind.TERRAFORM,
    "cloudformation": FileKind.CLOUDFORMATION,
    "helm": FileKind.HELM,
}
"""Language ids that editors give to files of these kinds."""


def file_kinds(path: str, head: Sequence[str] = (), language: str = "") -> frozenset[FileKind]:
    """The kinds of the file at `path`, whose first lines are `head`; empty for any other file.

    `language` is what an editor takes it for.
    """
    found = _by_name(path) | _by_content(path, head)
    if language in _LANGUAGES:
        found |= {_LANGUAGES[language]}
    return found | {FileKind.INFRASTRUCTURE} if found else frozenset()


def _by_name(path: str) -> frozenset[FileKind]:
    pieces = path.replace("\\", "/").lower().strip("/").split("/")
    name = pieces[-1]
    if name.endswith(_TERRAFORM_ENDS):
        return frozenset((FileKind.TERRAFORM,))
    if name.endswith(_CLOUDFORMATION_ENDS):
        return frozenset((FileKind.CLOUDFORMATION,))
    values = name.startswith("values") and name.endswith((".yaml", ".yml"))
    if name in _HELM_NAMES or (values and (name[6] in "-._")):
        return frozenset((FileKind.HELM,))
    if name in _KUBERNETES_NAMES:
        return frozenset((FileKind.KUBERNETES,))
    return frozenset()


def _by_content(path: str, head: Sequence[str]) -> frozenset[FileKind]:
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    ending = name.rpartition(".")[2] if "." in name.lstrip(".") else ""
    if ending not in _OPEN_TO_CONTENT:
        return frozenset()
    found: set[FileKind] = set()
    keys: set[str] = set()
    for line in (line[:MAX_LINE] for line in head[:MAX_LINES]):
        if _opens_terraform_block(line):
            found.add(FileKind.TERRAFORM)
        if "{{" in line and any(known in line for known in _HELM_OBJECTS):
            found.add(FileKind.HELM)
        for key, value in _pairs(line):
            if key == "AWSTemplateFormatVersion" or (key == "Type" and value.startswith("AWS::")):
                found.add(FileKind.CLOUDFORMATION)
            if key == "Transform" and value.startswith("AWS::"):
                found.add(FileKind.CLOUDFORMATION)
            if key in ("apiVersion", "kind") and value:
                keys.add(key)
    # https://kubernetes.io/docs/concepts/overview/working-with-objects/ : each object has both.
    if len(keys) > 1:
        found.add(FileKind.KUBERNETES)
    return frozenset(found)


def _opens_terraform_block(line: str) -> bool:
    word, _, rest = line.strip().partition(" ")
    if word == "terraform":
        return rest.strip().startswith("{")
    if word not in _LABELS or not rest.rstrip().endswith("{"):
        return False
    labels = rest.rstrip()[:-1].split()
    return len(labels) == _LABELS[word] and all(
        label.startswith('"') and label.endswith('"') and len(label) > len('""') for label in labels
    )


_BOUNDS = str.maketrans("{}[]", ",,,,")


def _pairs(line: str) -> list[tuple[str, str]]:
    """The keys and values of a line of YAML or JSON, as far as one line tells."""
    found: list[tuple[str, str]] = []
    for piece in line.translate(_BOUNDS).split(","):
        key, colon, value = piece.partition(":")
        if colon:
            found.append((key.strip(" \t\"'-"), value.strip(" \t\"'")))
    return found
