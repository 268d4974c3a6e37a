"""What is installed, read from distributions' metadata alone: nothing here imports a plugin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from ferrule_plugins.backend import CONTRACT

_CONTRACT_DISTRIBUTION = "ferrule-plugins"


@dataclass(frozen=True)
class Candidate:
    """One distribution's claim to supply a plugin.

    Attributes:
        name: what the plugin is called: for a backend, the name that selects it.
        distribution: the distribution's normalised name.
        version: the distribution's version.
        target: where its code is: ``module:attribute``.
        contract: the versions of ferrule-plugins that it works with; ``None`` if it declares none.
    """

    name: str
    distribution: str
    version: str
    target: str
    contract: SpecifierSet | None

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    def contract_gap(self) -> tuple[str, str] | None:
        """Why the installed ferrule-plugins does not serve it, with the remedy, if it does not."""
        installed = contract_version()
        if self.contract is None or self.contract.contains(installed, prereleases=True):
            return None
        reason = (
            f"it requires {_CONTRACT_DISTRIBUTION}{self.contract}, "
            f"and {_CONTRACT_DISTRIBUTION} {installed} is installed"
        )
        wants_newer = any(
            Version(clause.version.removesuffix(".*")) > installed
            for clause in self.contract
            if clause.operator in (">", ">=", "~=", "==")
        )
        if wants_newer:
            return reason, f'pip install --upgrade "{_CONTRACT_DISTRIBUTION}{self.contract}"'
        return reason, f"pip install --upgrade {self.distribution}"


@dataclass(frozen=True)
class Listing:
    """The claims in one entry-point group, by plugin name and distribution.

    Attributes:
        candidates: the claims.
        unreadable: distributions whose metadata could not be read, each with the cause.
    """

    candidates: tuple[Candidate, ...]
    unreadable: tuple[str, ...]


def installed(group: str) -> Listing:
    """All claims in an entry-point group. A distribution with broken metadata hides no other."""
    names: set[str] = set()
    unreadable: list[str] = []
    for distribution in metadata.distributions():
        try:
            if distribution.entry_points.select(group=group):
                names.add(canonicalize_name(distribution.metadata["Name"]))
        except Exception as error:
            unreadable.append(f"{_location(distribution)} ({type(error).__name__}: {error})")
    found: dict[tuple[str, str], Candidate] = {}
    for name in names:
        try:
            # sys.path may hold several copies; import takes the first, and so does distribution().
            for candidate in _claims(metadata.distribution(name), name, group):
                found.setdefault((candidate.name, name), candidate)
        except Exception as error:
            unreadable.append(f"{name} ({type(error).__name__}: {error})")
    return Listing(tuple(found[key] for key in sorted(found)), tuple(sorted(unreadable)))


def contract_version() -> Version:
    """The version of ferrule-plugins that is installed, or that this source tree describes."""
    try:
        return Version(metadata.version(_CONTRACT_DISTRIBUTION))
    except metadata.PackageNotFoundError:
        return Version(".".join(map(str, CONTRACT)))


def _claims(distribution: metadata.Distribution, name: str, group: str) -> Iterable[Candidate]:
    version = str(Version(distribution.version))
    contract = _contract_range(distribution.requires or ())
    for entry in distribution.entry_points.select(group=group):
        yield Candidate(entry.name, name, version, entry.value, contract)


def _contract_range(requires: Iterable[str]) -> SpecifierSet | None:
    found: SpecifierSet | None = None
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) != _CONTRACT_DISTRIBUTION:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found = requirement.specifier if found is None else found & requirement.specifier
    return found


def _location(distribution: metadata.Distribution) -> str:
    # Its metadata is what cannot be read, so its folder is the only name that it has left.
    return str(getattr(distribution, "_path", distribution))
