"""Where partners stand: suspension and exit, as dated versions. What is answered when is services/runtime/partner_standing.py."""
