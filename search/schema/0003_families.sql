-- A family, level by level and as a whole. A run without a parent pays nothing.
create index visibility_by_parent on visibility (namespace_id, parent_run_id)
    where parent_run_id is not null;
create index visibility_by_root on visibility (namespace_id, root_run_id)
    where parent_run_id is not null;
