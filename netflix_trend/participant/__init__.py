"""One participant: choices, ledger, receipts, life events and contributions."""
