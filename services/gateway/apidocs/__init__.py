"""What the API says about itself: reasons, the OpenAPI document, the reference pages."""
