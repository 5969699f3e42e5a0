"""Sign in at a provider of OpenID Connect: the authorization code flow with PKCE (extra `oidc`).

Read in this order: `client` (what is configured), `departure` (what a browser keeps while its person is away),
`provider` (what is asked of the provider, and when), `metadata` and `id_token` (what of its answers is believed),
`json_http` (how it is asked). Only `provider` and `id_token` import what the extra installs, and nothing imports them
unless a provider is configured.
"""
