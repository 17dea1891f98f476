from __future__ import annotations
import time, asyncpg
from dataclasses import replace
import pytest
from services.points.storage import ledgers, proofs
from tests.performance.test_fill import bench
from tests.performance import fill as F
from tests.performance.plan import QUICK
@pytest.mark.parametrize("n",[20_000,40_000])
async def test_probe(database_for, bench, n):
    from tests.support.servers import create_database
    import os
    points, partners = database_for("points"), database_for("partners")
    if n>20_000:
        from tests.support.servers import create_database
        url=points.admin_url.rsplit("/",1)[0]+"/postgres"
        points, partners = create_database(url,"points"), create_database(url,"partners")
    plan = F.FillPlan.of(bench, replace(QUICK, postings=n, members=n//10))
    await F.fill(points.admin_url, partners.admin_url, plan)
    c = await asyncpg.connect(points.admin_url)
    head = await ledgers.head(c, 1)
    for p in proofs.PROOFS:
        t=time.time(); f=await proofs.prove(c,1,head.last_seq,p); t1=time.time()
        rows=await c.fetch(f"WITH breach (told) AS MATERIALIZED ({p.breaches}) SELECT told FROM breach LIMIT 5",1,head.last_seq)
        print(n, p.number, "as is", round(t1-t,2), "materialized", round(time.time()-t1,2), f.breaches)
    await c.close()
