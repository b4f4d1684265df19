"""A test that makes its own client, as most tests of a program do: ours, boto3's own session with a response, moto."""

from __future__ import annotations

import os

import boto3

from _clients import cancel, client, recorded, registered
from _measure import median_of, record, side_by_side
from calls import started_in_moto
from pytest_rds_export import fake_rds_export


def one_test() -> None:
    """Measure one test that makes a client of boto3's default session and cancels an export."""
    handler = recorded(cancel, client(), "nightly")

    def with_constant() -> None:
        boto3.DEFAULT_SESSION = None
        rds = boto3.client("rds")
        with registered(rds, "before-send.rds", handler):
            cancel(rds)

    def with_ours() -> None:
        boto3.DEFAULT_SESSION = None
        with fake_rds_export("nightly"):
            cancel(boto3.client("rds"))

    boto3.setup_default_session()
    shared = boto3.DEFAULT_SESSION

    def with_one_session() -> None:
        boto3.DEFAULT_SESSION = shared
        rds = boto3.client("rds")
        with registered(rds, "before-send.rds", handler):
            cancel(rds)

    def with_moto() -> None:
        boto3.DEFAULT_SESSION = None
        with started_in_moto(["nightly"]) as rds:
            cancel(rds)

    contenders = {
        "a constant response, one default session": lambda runs: median_of(runs, with_one_session),
        "a constant response, a new default session": lambda runs: median_of(runs, with_constant),
        "ours": lambda runs: median_of(runs, with_ours),
        "moto": lambda runs: median_of(runs, with_moto),
    }
    _, _, ours, moto = side_by_side("a test with its own client", contenders, blocks=12, runs=8)
    record("a test with its own client, compared with a constant response", ours.ratio, at_most=1.3)
    record("the same export in moto, compared with a test of ours", moto.seconds / ours.seconds, at_least=33)


if __name__ == "__main__":
    os.environ.update(
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="y",
        AWS_DEFAULT_REGION="us-east-1",
    )
    one_test()
