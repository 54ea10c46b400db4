-- An instance in which nobody has made anything yet.

select 1;
