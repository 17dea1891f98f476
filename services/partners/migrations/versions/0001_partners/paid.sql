CREATE TABLE partner_settled (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    nets_minor bigint NOT NULL DEFAULT 0,
    open_minor bigint NOT NULL DEFAULT 0,
    prepaid_minor bigint NOT NULL DEFAULT 0,
    CONSTRAINT partner_settled_pk PRIMARY KEY (ledger_id, partner_id),
    CONSTRAINT partner_settled_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id)
)
--;;
COMMENT ON TABLE partner_settled IS 'The nets of a partner''s settled statements, and what its accounts hold, disputed or not: what it paid is the difference; and what it has paid ahead. Kept by triggers.'
--;;
-- The service has no right to write it, so it is what statements and journals say, in the transaction that writes them.
CREATE FUNCTION add_settled_nets() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO partner_settled AS kept (ledger_id, partner_id, nets_minor)
    SELECT s.ledger_id, s.partner_id, sum(s.net_minor)
    FROM added AS a INNER JOIN statement AS s ON s.ledger_id = a.ledger_id AND s.statement_id = a.statement_id
    GROUP BY s.ledger_id, s.partner_id
    ON CONFLICT (ledger_id, partner_id) DO UPDATE SET nets_minor = kept.nets_minor + excluded.nets_minor;
    RETURN NULL;
END
$$
--;;
CREATE TRIGGER run_statement_settled AFTER INSERT ON run_statement
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION add_settled_nets()
--;;
CREATE FUNCTION add_settled_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO partner_settled AS kept (ledger_id, partner_id, open_minor, prepaid_minor)
    SELECT
        a.ledger_id,
        a.partner_id,
        coalesce(sum(a.amount_minor) FILTER (WHERE a.account IN ('partner', 'disputed')), 0),
        coalesce(-sum(a.amount_minor) FILTER (WHERE a.account = 'prepaid'), 0)
    FROM added AS a WHERE a.account IN ('partner', 'disputed', 'prepaid')
    GROUP BY a.ledger_id, a.partner_id
    ON CONFLICT (ledger_id, partner_id) DO UPDATE
    SET open_minor = kept.open_minor + excluded.open_minor, prepaid_minor = kept.prepaid_minor + excluded.prepaid_minor;
    RETURN NULL;
END
$$
--;;
CREATE TRIGGER money_entry_settled AFTER INSERT ON money_entry
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION add_settled_open()
