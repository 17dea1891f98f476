"""A statement file for the API reference: a real one, which verifies."""

from __future__ import annotations

from typing import Any, Final

STATEMENT_FILE: Final[dict[str, Any]] = {
    "format": "coalition statement 1",
    "statement": {
        "programme": "plaza",
        "partner": "cinema",
        "partner_id": "b815843425f6ac6c018ef9ee434b4a40",
        "currency": "EUR",
        "first_window": 1,
        "last_window": 2,
        "previous_window": 0,
        "carry_in_micros": 0,
        "net_minor": -1503,
        "carry_out_micros": 1491,
        "lines": [["burned", "base", 2, 2003, 7503, -15028509]],
    },
    "key": "points.example/plaza+bfa7ecf1+ASmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X",
    "checkpoint": "points.example/plaza\n2\nIqd+vRTCvxvbPt8njlYplMafBByARPwLUPwzz6ZQ2F0=\n\n— points.example/plaza v6fs8Vkvd7VAPshEKwTUrzk+vCbUquAEDwgk2Zg/u2U2u5UCNKDKm6CHY7M5r2J2WyJuwRD8qKsoI0wlorFN+qVTRgQ=\n",
    "previous": "",
    "consistency": [],
    "windows": [
        {
            "record": {
                "batch_hash": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
                "batch_no": 3,
                "first_seq": 1,
                "last_seq": 199,
                "partners": 5,
                "root": "c095a61e84e9931723b6c70673895f7c06733f3b36f8fa420e405aac8cf9fb5f",
                "totals": [15, 218, 1045, 2271301, 7990774],
                "window": 1,
            },
            "inclusion": ["14429ffe7df1317957c80e2f30a450f8744049c7cf5e82007fb2a0e94c4e80db"],
            "secret": "ec71f5c5fa45575fe7af9eb38bbff69d25423d0998d6f8dbe197b24914098beb",
            "place": 3,
            "path": [
                ["76cbf6877e39c28fe4078b249af96f1d2a25f217da145a73de84109eba53438d", 2, 55, 9, 607750, 76275],
                [
                    "61e5630caa71b3c380e2ae898b7b28a824afbb49767ffa3b3b31127b2e776d1d",
                    12,
                    163,
                    35,
                    1663551,
                    403996,
                ],
                ["b204323cb4cbb88c02559fffe83b0289709a1e8970efebf69137c07b10efcc00", 0, 0, 0, 0, 0],
            ],
            "entries": [[103, 1, "burned", "base", 1001, 7503, -7510503, "6e696c9e"]],
        },
        {
            "record": {
                "batch_hash": "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
                "batch_no": 6,
                "first_seq": 200,
                "last_seq": 299,
                "partners": 5,
                "root": "301d8c3f4bc38847be79daf8c0adfd985d472538e74e0be408baa67ef18b5258",
                "totals": [15, 218, 1046, 2271301, 7998277],
                "window": 2,
            },
            "inclusion": ["a1984ed03d945db78846ee5e446086e13cae1f564657a4eff7702553e154e81b"],
            "secret": "b8a2d29c0acd0d7a621b49bdc03ec389c028e30f5c7b78e4f3696b849a490b6a",
            "place": 0,
            "path": [
                ["7cbfd219b4ea9e3c5bf0487afc84cfd41d223fdff6c72621e4ccd99e416f82dc", 5, 15, 0, 149985, 0],
                ["429ba6e18a182b1bd03b43412d423a8e35b52c8658429071fb558406415ba8df", 2, 55, 9, 607750, 76275],
                [
                    "fe32f93b4ac10bfbbeb3e6a0c9d82621e39cb7b8a0aa0cb77d0cd03884c4ccca",
                    7,
                    148,
                    35,
                    1513566,
                    403996,
                ],
            ],
            "entries": [[203, 1, "burned", "base", 1002, 7503, -7518006, "e0263187"]],
        },
    ],
}
