"""What a seeded database has that was not passed, so that programs which read it find it."""

from datetime import timedelta

import pytest

from pytest_rds_export import fake_rds_export


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        (
            False,
            {
                "DBInstanceIdentifier": "orders",
                "DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:orders",
                "DBInstanceStatus": "available",
                "Engine": "postgres",
                "AllocatedStorage": 100,
            },
        ),
        (
            True,
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
    ids=["instance", "cluster"],
)
def test_defaults(rds_export_tasks, rds_export_clock, client, cluster, expected):
    """It has been there for a day, has a resource ID of its kind, and is neither encrypted nor tagged."""
    rds_export_tasks.seed_database("orders", cluster=cluster)

    describe, shape = (
        (client.describe_db_clusters, "DBCluster") if cluster else (client.describe_db_instances, "DBInstance")
    )
    (found,) = describe()[f"{shape}s"]

    created = found.pop("ClusterCreateTime" if cluster else "InstanceCreateTime")
    resource_id = found.pop("DbClusterResourceId" if cluster else "DbiResourceId")
    assert created == rds_export_clock.now - timedelta(days=1)
    assert resource_id.startswith("cluster-" if cluster else "db-")
    assert resource_id.rpartition("-")[2].isalnum()
    assert found == {
        **expected,
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
