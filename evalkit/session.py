"""A session: the config, the store and the account that a verb works with, opened when they are first needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from evalkit.config import Config, find_config, load_config
from evalkit.errors import ConfigError
from evalkit.provider import Provider

if TYPE_CHECKING:
    from evalkit.pipeline.suite import Suite
    from evalkit.pricing import Prices
    from evalkit.sandbox import Sandbox
    from evalkit.store import Store

STORE_VARIABLE: Final = "EVALKIT_STORE"
FOLDER: Final = ".evalkit"
_SANDBOX_ACCOUNT: Final = "sandbox"
_NOTHING: Final = "sqlite://"
"""A store in memory, with nothing in it."""


class Session:
    """What a verb works with; closes what it opened."""

    def __init__(
        self,
        *,
        config: Path | str | None = None,
        store: str | None = None,
        judge: str | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 # the word of the config
        sandbox: bool = False,
        keep_sandbox: bool = True,
        reads: bool = False,
    ) -> None:
        """Name things; nothing is opened yet.

        Args:
            config: `evalkit.toml` or its folder; searched upwards from here where None.
            store: the store's URL; `EVALKIT_STORE`, else a file beside the config, where None.
            judge: a model to judge in place of the config's.
            filter: conditions in place of those of the same name in the config's `[dataset.filter]`.
            sandbox: use the built-in local API instead of the real one.
            reads: only look; a store that is not there is not made, and has nothing in it.
            keep_sandbox: keep its batches beside the store, so that another process can collect them.
        """
        self._config = Path(config) if config is not None else None
        self._store = store
        self._judge = judge
        self._filter = filter
        self._sandbox = sandbox
        self._keep_sandbox = keep_sandbox
        self._reads = reads
        self._server: Sandbox | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "provider" in self.__dict__:
            self.provider.close()
        if "store" in self.__dict__:
            self.store.close()
        if self._server is not None:
            self._server.stop()

    @cached_property
    def config(self) -> Config:
        """The config.

        Raises:
            ConfigError: there is none, or it is wrong.
        """
        found = load_config(self._config or find_config(Path.cwd()))
        if not self._filter:
            return found
        from evalkit.pipeline.narrow import narrowed_config

        return narrowed_config(found, self._filter)

    @property
    def config_or_none(self) -> Config | None:
        """The config where there is one; a wrong one is still an error.

        Raises:
            ConfigError: it is wrong.
        """
        if self._config is None:
            try:
                find_config(Path.cwd())
            except ConfigError:
                return None
        return self.config

    @cached_property
    def suite(self) -> Suite:
        """The config with all that it names, loaded.

        Raises:
            ConfigError: the config or a rubric is wrong.
            DatasetError: the dataset or a file of outputs is wrong.
        """
        from evalkit.pipeline.suite import load_suite

        return load_suite(self.config, judge=self._judge, simulated=self._sandbox)

    @cached_property
    def root(self) -> Path:
        """The config's folder, or the working directory where there is no config."""
        if self._config is not None:
            return self._config.absolute() if self._config.is_dir() else self._config.absolute().parent
        try:
            return find_config(Path.cwd()).parent
        except ConfigError:
            return Path.cwd()

    @cached_property
    def store(self) -> Store:
        """The store.

        Raises:
            StoreError: it cannot be opened.
        """
        from evalkit.store import Store

        if self._reads and not self.store_exists:
            return Store.open(_NOTHING)
        if not (self._store or os.environ.get(STORE_VARIABLE)):
            _keep_to_yourself(self.root / FOLDER)
        return Store.open(self.store_url)

    @cached_property
    def prices(self) -> Prices:
        """The prices: those that evalkit carries, and the config's over them.

        Raises:
            ConfigError: the config or its price list is wrong.
        """
        from evalkit.pricing import ModelPrices, Rates, load_prices

        own = self.config_or_none.prices if self.config_or_none else None
        if own is None:
            return load_prices()
        kinds = tuple(Rates.__struct_fields__)
        models = {
            name: ModelPrices(
                rates=Rates(**model.model_dump(include=set(kinds))),
                min_cacheable_tokens=model.min_cacheable_tokens,
            )
            for name, model in own.models.items()
        }
        return load_prices(own.path, models)

    @property
    def store_exists(self) -> bool:
        """Whether there is a store; one on a server is taken to be there."""
        scheme, _, file = self.store_url.partition(":///")
        return scheme != "sqlite" or Path(file).is_file()

    @property
    def store_url(self) -> str:
        """The store's URL: given, from the environment, or beside the config."""
        return self._store or os.environ.get(STORE_VARIABLE) or f"sqlite:///{self.root / FOLDER / 'evalkit.db'}"

    @property
    def simulated(self) -> bool:
        """Whether the built-in local API is in use."""
        return self._sandbox

    @cached_property
    def provider(self) -> Provider:
        """The account; with the sandbox, one that only the sandbox knows."""
        if not self._sandbox:
            return Provider()
        from evalkit.sandbox import Sandbox

        self._server = Sandbox(directory=self._sandbox_folder if self._keep_sandbox else None)
        self._server.start()
        return Provider(base_url=self._server.url, api_key=_SANDBOX_ACCOUNT, account=_SANDBOX_ACCOUNT)

    @property
    def _sandbox_folder(self) -> Path:
        """Where the sandbox keeps its batches: beside the store's file, or where that would be."""
        scheme, _, file = self.store_url.partition(":///")
        return (Path(file).parent if scheme == "sqlite" and file else self.root / FOLDER) / "sandbox"


def _keep_to_yourself(folder: Path) -> None:
    """Keep a store that is made in somebody's checkout out of their commits."""
    ignore = folder / ".gitignore"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError:
        return  # opening the store says what is wrong with the place


def file_name(text: str) -> str:
    """A text as a harmless file name: no separators, no dots in front, nothing a shell would mind."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in text).strip("-.") or "report"
