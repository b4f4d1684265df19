"""What many tests share, one module for each purpose.

Calls and what comes back:

- ``clients``: clients of boto3, shared or with settings of their own, and what their handlers and credentials need
- ``calls``: calls of the three export operations
- ``snapshots``: calls of the operations of snapshots
- ``errors``: assert that a block raises exactly this error
- ``loopback``: raw HTTP requests to the endpoint
- ``wire``: requests parsed and responses serialized as the server side does

What is expected, written separately from the package:

- ``aws``: values, fields and messages of Amazon RDS
- ``names``: names of failures
- ``rules``: how export tasks and their files change, to compare an account with
- ``snapshot_rules``: how snapshots advance, and their events
- ``account_rules``: what such an account responds to calls

Parts of the service without an account:

- ``events``: events of the ends of exports
- ``timelines``: a timeline and where it begins, and how far a frozen clock has moved
- ``exported``: exported files, their keys, and stores for them

Pytest and the rest of the process:

- ``inner``: run pytest inside a test
- ``reports``: the report of a failing test and the checks at its end, without an inner run
- ``documents``: the examples in the documentation
- ``fidelity``: the rows of the fidelity page
- ``drawn``: random calls, timelines and lengths of time
- ``threads``: run functions in threads, all at once
- ``leftovers``: what the plugin could leave behind
- ``interrupted``: what entering and leaving leaves if it is interrupted at any line
"""
