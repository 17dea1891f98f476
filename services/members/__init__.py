"""Who a member is: identifiers and personal data, and whether the member takes part."""
