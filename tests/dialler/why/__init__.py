"""Why a campaign is not dialled."""
