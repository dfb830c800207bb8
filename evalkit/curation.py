"""The verbs of datasets: what they hold, how two differ, parts and samples of them, and which versions were used."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.dataset.difference import Difference, difference
from evalkit.dataset.filter import Filter
from evalkit.errors import UsageError
from evalkit.session import Session

if TYPE_CHECKING:
    from evalkit.dataset import Case, Dataset
    from evalkit.dataset.stats import DatasetStats
    from evalkit.store.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Files of cases that were written."""

    of: int
    files: Mapping[Path, int]
    """File -> cases."""

    def json(self) -> dict[str, Any]:
        """The document of `dataset split --json` and `dataset sample --json`."""
        return {"of": self.of, "files": [{"path": str(path), "cases": n} for path, n in self.files.items()]}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedVersion:
    """A version of a dataset, with what changed since the one of its name before."""

    version: Version
    since: Difference | None
    """None for the first."""

    def json(self) -> dict[str, Any]:
        """One entry of `dataset versions --json`."""
        one = self.version
        return {
            "digest": one.digest,
            "name": one.name,
            "cases": one.cases,
            "first_used": one.first_used.isoformat(),
            "runs": one.runs,
            "suites": list(one.suites),
            "spec": one.spec,
            "since": None if self.since is None else self.since.json(),
        }


def stats(
    files: Sequence[Path | str] = (),
    *,
    config: Path | str | None = None,
    fields: Mapping[str, str] | None = None,
) -> DatasetStats:
    """What a dataset holds: the files, or the config's with its filter where none are named.

    Raises:
        ConfigError, DatasetError: the config or a file is wrong.
    """
    from evalkit.dataset.stats import stats_of

    with Session(config=config, reads=True) as session:
        return stats_of(_load(session, [Path(file) for file in files], fields, explicit=config is not None))


def diff(
    before: Path | str,
    after: Path | str,
    *,
    config: Path | str | None = None,
    store: str | None = None,
    fields: Mapping[str, str] | None = None,
) -> Difference:
    """How two versions differ; each is a file, or the beginning of the digest of a version in the store.

    Raises:
        UsageError: it is neither, or begins several digests.
        ConfigError, DatasetError: the config or a file is wrong.
    """
    with Session(config=config, store=store, reads=True) as session:
        old, new = (_cases(session, one, fields, explicit=config is not None) for one in (before, after))
        return difference(old, new)


def split(
    file: Path | str,
    into: Mapping[str, float],
    *,
    seed: int = 0,
    stratify: str | None = None,
    by_cluster: bool = False,
    folder: Path | None = None,
    force: bool = False,
    config: Path | str | None = None,
    fields: Mapping[str, str] | None = None,
) -> Written:
    """Deal the cases of a file into several, `NAME-PART.jsonl` beside it or in a folder; every field stays as it was.

    Args:
        file: the cases.
        into: part -> its share; the shares add up to 1.
        seed: another seed deals otherwise.
        stratify: `tag` or a key of the metadata, whose values keep their shares.
        by_cluster: a cluster goes to one part whole.
        folder: where to write.
        force: overwrite what is there.
        config: `evalkit.toml`, for its mapping of columns.
        fields: field -> column.

    Raises:
        UsageError: the shares do not add up, a part stays empty, or a file is there already.
        ConfigError, DatasetError: the config or the file is wrong.
    """
    from evalkit.dataset.rewriting import deal, write_rows

    if abs(sum(into.values()) - 1) > 1e-6 or min(into.values(), default=0) <= 0:
        raise UsageError(f"the shares are {_shares(into)}: write positive shares that add up to 1: train=0.8,test=0.2")
    if stratify and by_cluster:
        raise UsageError("--by-cluster deals whole clusters, which no stratum can keep apart: leave one of them out")
    path = Path(file)
    with Session(config=config, reads=True) as session:
        dataset = _load(session, [path], fields, explicit=config is not None)
        dealt = deal(dataset, into, seed=seed, stratify=stratify, whole=by_cluster)
    empty = [name for name in into if name not in dealt.values()]
    if empty:
        raise UsageError(f"{dataset.n} cases leave {', '.join(empty)} empty: take fewer parts or another seed")
    stem, suffix = _stem(path)
    places = {name: (folder or path.parent) / f"{stem}-{name}{suffix}" for name in into}
    parts = {place: {case for case, to in dealt.items() if to == name} for name, place in places.items()}
    return Written(of=dataset.n, files=write_rows(dataset, parts, force=force))


def sample(
    file: Path | str,
    n: int,
    out: Path,
    *,
    seed: int = 0,
    stratify: str | None = None,
    force: bool = False,
    config: Path | str | None = None,
    fields: Mapping[str, str] | None = None,
) -> Written:
    """Write `n` cases of a file, the same that `[dataset.filter]` draws; every field stays as it was.

    Raises:
        UsageError: the file is there already, or of no form that is written.
        ConfigError, DatasetError: the config or the file is wrong, or there are more strata than cases to draw.
    """
    from evalkit.dataset.rewriting import write_rows

    spec = {"sample": n, "seed": seed, **({"stratify": stratify} if stratify else {})}
    wanted = Filter(sample=n, seed=seed, stratify=stratify, spec=spec)
    with Session(config=config, reads=True) as session:
        dataset = _load(session, [Path(file)], fields, explicit=config is not None, wanted=wanted)
    ids = {case.id for case in dataset}
    return Written(of=dataset.n_before, files=write_rows(dataset, {Path(out): ids}, force=force))


def versions(*, config: Path | str | None = None, store: str | None = None) -> tuple[UsedVersion, ...]:
    """The versions of datasets that a store has, oldest first, each beside the one of its name before."""
    found: list[UsedVersion] = []
    last: dict[str, Version] = {}
    with Session(config=config, store=store, reads=True) as session:
        content = session.store.content
        for one in content.versions():
            before = last.get(one.name)
            since = difference(content.cases(before.digest), content.cases(one.digest)) if before else None
            found.append(UsedVersion(version=one, since=since))
            last[one.name] = one
    return tuple(found)


def _cases(session: Session, named: Path | str, fields: Mapping[str, str] | None, *, explicit: bool) -> Iterable[Case]:
    path = Path(named)
    if path.exists() or path.suffix or os.sep in str(named):
        return _load(session, [path], fields, explicit=explicit)
    digests = [one.digest for one in session.store.content.versions() if one.digest.startswith(str(named))]
    if len(digests) == 1:
        return session.store.content.cases(digests[0])
    what = f"begins {len(digests)} versions" if digests else "is no file, and begins no version of the store"
    raise UsageError(f"{str(named)!r} {what}; `evalkit dataset versions` lists them")


def _load(
    session: Session,
    files: Sequence[Path],
    fields: Mapping[str, str] | None,
    *,
    explicit: bool,
    wanted: Filter | None = None,
) -> Dataset:
    """Files with the columns mapped as the config says, where it is named or is of one of them; its own without."""
    from evalkit.dataset import load_dataset
    from evalkit.pipeline.suite import load_cases, output_columns

    if not files:
        return load_cases(session.config)
    config = session.config_or_none
    own = {path.resolve() for path in config.dataset.files} if config else set[Path]()
    if config is None or not (explicit or own & {file.resolve() for file in files}):
        return load_dataset(files, fields=fields, filter=wanted)
    return load_dataset(
        files,
        fields={**config.dataset.fields, **(fields or {})},
        outputs=output_columns(config),
        labels=config.dataset.labels,
        filter=wanted,
    )


def _shares(into: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={share:g}" for name, share in into.items()) or "missing"


def _stem(path: Path) -> tuple[str, str]:
    """The name before its ending, and the ending of what is written: rows of a table stay rows of a table."""
    gz = ".gz" if path.name.lower().endswith(".gz") else ""
    bare = Path(path.name.removesuffix(gz)) if gz else Path(path.name)
    return bare.stem, (bare.suffix if bare.suffix.lower() in (".csv", ".tsv") else ".jsonl") + gz
