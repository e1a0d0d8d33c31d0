"""The relay: what devices, apps, WebSockets and WeChat talk to. `app.Relay` puts the parts together."""
