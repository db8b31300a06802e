"""Who may ask (API keys), and what we show to others (secrets). docs/keys.md"""
