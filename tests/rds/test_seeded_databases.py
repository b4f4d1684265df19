"""What a seeded database has that was not passed, so that programs which read it find it."""

from datetime import timedelta

import pytest

from pytest_rds_export import fake_rds_export


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        (
            "Instance",
            {
                "DBInstanceIdentifier": "orders",
                "DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:orders",
                "DBInstanceStatus": "available",
                "Engine": "postgres",
                "AllocatedStorage": 100,
            },
        ),
        (
            "Cluster",
            {
                "DBClusterIdentifier": "orders",
                "DBClusterArn": "arn:aws:rds:us-east-1:123456789012:cluster:orders",
                "Status": "available",
                "Engine": "aurora-postgresql",
                "EngineMode": "provisioned",
                "AllocatedStorage": 1,
            },
        ),
    ],
)
def test_defaults(rds_export_tasks, rds_export_clock, client, noun, expected):
    """It has been there for a day, has a resource ID of its kind, and is neither encrypted nor tagged."""
    rds_export_tasks.seed_database("orders", cluster=noun == "Cluster")

    (found,) = getattr(client, f"describe_db_{noun.lower()}s")()[f"DB{noun}s"]

    resource_id = found.pop("DbiResourceId" if noun == "Instance" else "DbClusterResourceId")
    assert resource_id.startswith("db-" if noun == "Instance" else "cluster-")
    assert resource_id.rpartition("-")[2].isalnum()
    assert found == {
        **expected,
        f"{noun}CreateTime": rds_export_clock.now - timedelta(days=1),
        "MasterUsername": "admin",
        "StorageEncrypted": False,
        "IAMDatabaseAuthenticationEnabled": False,
        "CopyTagsToSnapshot": False,
        "TagList": [],
    }


def test_resource_ids():
    """The resource ID differs from database to database and from region to region, and is the same in every run."""
    runs = []
    for _ in range(2):
        with fake_rds_export() as tasks:
            databases = [tasks.seed_database("orders"), tasks.seed_database("users")]
            databases.append(tasks.in_region("eu-west-1").seed_database("orders"))
            runs.append([database.dbi_resource_id for database in databases])

    assert len(set(runs[0])) == 3
    assert runs[0] == runs[1]
