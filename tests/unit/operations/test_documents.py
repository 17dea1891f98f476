"""Documents: what the services answer keeps every figure on its way to a table or to JSON."""

from __future__ import annotations

from coalition.partners.v1 import clearing_pb2

from services.operations import documents


def test_a_net_tells_what_refunds_undid_beside_what_was_issued_and_burned() -> None:
    party = clearing_pb2.Party(slug="operator")
    told = documents.net(
        clearing_pb2.Net(
            window=3, party=party, points_issued=1_000, points_reversed=150, points_burned=500, points_returned=100,
            exact_micros=4_900_000, carry_in_micros=3_200, net_minor=490, carry_out_micros=3_200,
        )
    )  # fmt: skip
    assert told == {
        "window": 3,
        "party": "operator",
        "partner_id": None,
        "points_issued": 1_000,
        "points_reversed": 150,
        "points_burned": 500,
        "points_returned": 100,
        "exact_micros": 4_900_000,
        "carry_in_micros": 3_200,
        "net_minor": 490,
        "carry_out_micros": 3_200,
    }


def test_a_cell_of_the_matrix_tells_what_was_given_back_beside_what_was_burned() -> None:
    issuer, redeemer = clearing_pb2.Party(slug="grocer"), clearing_pb2.Party(slug="fuel")
    told = documents.cell(
        clearing_pb2.MatrixCell(
            issuer=issuer, redeemer=redeemer, points=500, micros=4_500_000, points_returned=100,
            micros_returned=900_000,
        )
    )  # fmt: skip
    assert told == {
        "issuer": "grocer",
        "redeemer": "fuel",
        "points": 500,
        "micros": 4_500_000,
        "points_returned": 100,
        "micros_returned": 900_000,
    }
