"""Calls of the operations of snapshots, by default for the snapshot ``nightly`` of the database ``orders``."""


def create(client, name="nightly", database="orders", **parameters):
    """Call CreateDBSnapshot and return the snapshot."""
    response = client.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=database, **parameters)
    return response["DBSnapshot"]


def create_cluster(client, name="nightly", database="orders", **parameters):
    """Call CreateDBClusterSnapshot and return the snapshot."""
    response = client.create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier=name, DBClusterIdentifier=database, **parameters
    )
    return response["DBClusterSnapshot"]


def copy(client, source="nightly", target="copied", **parameters):
    """Call CopyDBSnapshot and return the copy."""
    response = client.copy_db_snapshot(
        SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier=target, **parameters
    )
    return response["DBSnapshot"]


def copy_cluster(client, source="nightly", target="copied", **parameters):
    """Call CopyDBClusterSnapshot and return the copy."""
    response = client.copy_db_cluster_snapshot(
        SourceDBClusterSnapshotIdentifier=source, TargetDBClusterSnapshotIdentifier=target, **parameters
    )
    return response["DBClusterSnapshot"]


def delete(client, name="nightly"):
    """Call DeleteDBSnapshot and return the snapshot."""
    return client.delete_db_snapshot(DBSnapshotIdentifier=name)["DBSnapshot"]


def delete_cluster(client, name="nightly"):
    """Call DeleteDBClusterSnapshot and return the snapshot."""
    return client.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)["DBClusterSnapshot"]


def shown(client, **parameters):
    """Return the DB snapshots that DescribeDBSnapshots returns."""
    return client.describe_db_snapshots(**parameters)["DBSnapshots"]


def shown_clusters(client, **parameters):
    """Return the cluster snapshots that DescribeDBClusterSnapshots returns."""
    return client.describe_db_cluster_snapshots(**parameters)["DBClusterSnapshots"]
