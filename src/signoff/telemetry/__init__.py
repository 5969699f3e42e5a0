"""What signoff tells those who watch over it: metrics in Prometheus's words, traces in OpenTelemetry's.

Both are made of the spans of `app.spans`; what the ledger holds is measured by `app.measure` when somebody asks.
"""
