-- Position reports of the vessels in `need`, each from a little before its own time on, as
-- received; the margin serves to recognise copies.
SELECT mmsi, p.time, lat, lon, sog_kn, cog_deg, heading_deg, nav_status, msg_type, ais_class,
       source, source_offset
FROM received($files) AS p
JOIN need AS n USING (mmsi)
WHERE p.time >= n.from_time - to_seconds($margin_s) AND p.time <= $end
