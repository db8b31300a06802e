"""Deliveries: the outbox of pushes to CRMs and of results webhooks (docs/deliveries.md).

tables      the tables
namespaces  what {{call.*}}, {{crm.*}}, {{result.*}}, {{analysis.*}} of a key mapper mean
filter      pure: which outcomes a bot pushes
outbox      which deliveries a call result makes; written in the result's own transaction
closed      endpoints that answered 410
claims      statements of the sender: what is due, claim it, record what came of it
sending     one attempt: secrets filled in, signed, sent
worker      the sender: wakes, claims, sends, records
queries     list, count and replay, for people
retention   forgetting what was delivered long ago
"""
