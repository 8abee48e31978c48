"""The currencies of ISO 4217, with the digits that each has after the point.

As they are in circulation at the beginning of 2026: no funds, no metals, none that was withdrawn.
"""

from typing import Final

_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_TWO = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_THREE = "BHD IQD JOD KWD LYD OMR TND"

#: Of two decimals or three, but worth less than a US cent as 2026 began.
_CENTS = """
    AMD AOA ARS BDT CDF COP CRC DZD ETB GYD HTG HUF IDR IQD IRR JMD KES KHR KPW KZT LAK LBP LKR LRD
    MGA MMK MNT MWK NGN NPR PKR RSD SDG SOS SSP SYP TZS UZS YER
"""

#: Whose unit is small, so that amounts are high.
SMALL: Final = frozenset([*_NONE.split(), *_CENTS.split()])
#: By code, in the order of the alphabet.
DIGITS: Final[dict[str, int]] = dict(
    sorted(
        (code, digits)
        for digits, codes in ((0, _NONE), (2, _TWO), (3, _THREE))
        for code in codes.split()
    )
)


def too_precise(amount: object, currency: str) -> str:
    """What is wrong with an amount of more digits than its currency has."""
    digits = DIGITS[currency]
    if not digits:
        return f"{currency} has no decimals; {amount} has some."
    return f"{currency} has {digits} decimals at most; {amount} has more."
