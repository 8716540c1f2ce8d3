-- MiniTwit dump {"format":1,"run":"20261123T001500Z-3f9a","program":"1.10.0","asOf":"2026-11-23T00:20:00.000Z","credentials":false,"rows":{"user":2,"message":2,"follower":1,"profile":2}}
set names utf8mb4;
set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';
begin;
insert into user (user_id, username, email, pw_hash) values (1, 'alice', 'alice@example.com', ''), (2, 'bob', 'bob@example.com', '');
insert into message (message_id, author_id, text, pub_date) values (1, 1, 'hello', 1700000000), (3, 2, 'it\'s a \\ and a 🦩', 1700000001);
insert into follower (who_id, whom_id) values (2, 1);
insert into profile (user_id, followers, following, newest_ids, newest_id) values (1, 1, 0, '', 0), (2, 0, 1, '-3', 3);
commit;
-- complete {"user":{"total":2,"checksum":"1663606340946328490"},"message":{"total":2,"checksum":"2606373474282590711"},"follower":{"total":1,"checksum":"2338033077024349670"},"profile":{"total":2,"checksum":"2479061087751011761"}}
