"""WeChat Official Account: callback, message encryption, API client, conversation, local sandbox.

Nothing here knows the relay. What the conversation needs of it is stated as Protocols in `home`.
"""
