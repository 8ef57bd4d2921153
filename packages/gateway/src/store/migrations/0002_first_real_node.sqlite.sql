-- 0002_first_real_node  breaking: no (older code leaves the column alone)
-- When the account first had a real node that was well: its simulated ones were paused then, and are not again.
alter table accounts add column real_node_at integer;
