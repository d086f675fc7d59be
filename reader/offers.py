"""What the operator offers below a thread: where to practise, how to give, whom to follow. Pure."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import segno

from reader.assets import Asset, asset
from reader.ports import Settings

# Wallets know what to do with a code that names its coin this way (BIP 21, ERC-681 and their likes).
SCHEMES = frozenset({"bitcoin", "dogecoin", "ethereum", "litecoin", "monero"})


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Wallet:
    """`qr` is the name of its picture among the site's own files."""

    name: str
    address: str
    qr: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What is not set is empty, and is not shown."""

    practice: str = ""
    membership: str = ""
    price: str = ""
    paypal: str = ""
    wallets: tuple[Wallet, ...] = ()
    follow: tuple[Named, ...] = ()

    @property
    def giving(self) -> bool:
        return bool(self.membership or self.paypal or self.wallets)


def offers(settings: Settings) -> Offers:
    return Offers(
        practice=settings.practice_post_url,
        membership=settings.membership_url,
        price=settings.membership_price,
        paypal=settings.paypal_url,
        wallets=tuple(
            Wallet(name, address, f"qr-{number}.svg")
            for number, (name, address) in enumerate(settings.crypto_addresses, start=1)
        ),
        follow=tuple(Named(*pair) for pair in settings.follow_links),
    )


def pictures(given: Offers) -> Mapping[str, Asset]:
    """The wallets' codes, for the camera of a telephone."""
    return {wallet.qr: asset(wallet.qr, _qr(wallet)) for wallet in given.wallets}


def _qr(wallet: Wallet) -> bytes:
    scheme = wallet.name.lower()
    content = f"{scheme}:{wallet.address}" if scheme in SCHEMES else wallet.address
    file = io.BytesIO()
    segno.make(content, error="m", micro=False).save(file, kind="svg", light="#fff", scale=4)
    return file.getvalue()
