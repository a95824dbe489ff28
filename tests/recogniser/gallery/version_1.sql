-- A gallery as likeness wrote it with schema version 1: Ada and Bob, and somebody forgotten.
BEGIN TRANSACTION;
CREATE TABLE audit (
	number BIGINT NOT NULL, 
	at TEXT NOT NULL, 
	who TEXT NOT NULL, 
	what TEXT NOT NULL, 
	person_id BIGINT, 
	templates BIGINT NOT NULL, 
	receipt TEXT, 
	receipt_digest TEXT, 
	PRIMARY KEY (number)
);
INSERT INTO "audit" VALUES(1,'2026-11-25T14:16:20.708568+00:00','operator','added',1,0,NULL,NULL);
INSERT INTO "audit" VALUES(2,'2026-11-25T14:16:20.725827+00:00','operator','enrolled',1,1,NULL,NULL);
INSERT INTO "audit" VALUES(3,'2026-11-25T14:16:20.734111+00:00','operator','added',2,0,NULL,NULL);
INSERT INTO "audit" VALUES(4,'2026-11-25T14:16:20.734866+00:00','operator','enrolled',2,1,NULL,NULL);
INSERT INTO "audit" VALUES(5,'2026-11-25T14:16:20.742074+00:00','operator','added',3,0,NULL,NULL);
INSERT INTO "audit" VALUES(6,'2026-11-25T14:16:20.742740+00:00','operator','enrolled',3,1,NULL,NULL);
INSERT INTO "audit" VALUES(7,'2026-11-25T14:16:20.757890+00:00','operator','forgot',3,1,'8325c6447c182554','eee974da7c895896e9d2fba3854269910c1fcbaf2d0fd7c29a27fbc3107257d3');
CREATE TABLE changes (
	number BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	first BIGINT NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "changes" VALUES(1,'added',1,1);
INSERT INTO "changes" VALUES(2,'added',2,2);
INSERT INTO "changes" VALUES(3,'added',3,3);
INSERT INTO "changes" VALUES(4,'forgot',3,3);
CREATE TABLE gallery (
	id INTEGER NOT NULL, 
	format TEXT NOT NULL, 
	created TEXT NOT NULL, 
	model TEXT NOT NULL, 
	energy TEXT NOT NULL, 
	dimensions INTEGER NOT NULL, 
	key_id TEXT, 
	next_person BIGINT NOT NULL, 
	next_template BIGINT NOT NULL, 
	last_change BIGINT NOT NULL, 
	last_audit BIGINT NOT NULL, 
	scrub_pending BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT one_gallery CHECK (id = 1)
);
INSERT INTO "gallery" VALUES(1,'likeness.gallery/1','2026-11-25T14:16:20.697928+00:00','8524c4c431a3ffff','euclidean',2,NULL,4,4,4,7,0);
CREATE TABLE people (
	id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	metadata TEXT NOT NULL, 
	created TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "people" VALUES(1,'Ada','{"room":"7"}','2026-11-25T14:16:20.708246+00:00','ff4b1bda7c4d256e4d66c8d775cca14458c668ff0a21e06a509c15ff54880ab7');
INSERT INTO "people" VALUES(2,'Bob','{}','2026-11-25T14:16:20.733974+00:00','7232bb41ef34a78e30b2120e225e2611dfe5f7dc045736096de8ff9eda5fbe6a');
CREATE TABLE photos (
	template_id BIGINT NOT NULL, 
	content BLOB NOT NULL, 
	key_id TEXT, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (template_id), 
	FOREIGN KEY(template_id) REFERENCES templates (id) ON DELETE CASCADE
);
INSERT INTO "photos" VALUES(1,X'7468652070686F746F2061',NULL,'ad6a5a382b7ad8f10497625bbf94c05544fa3dcdad85ebbb23589badfedad2c7');
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE templates (
	id BIGINT NOT NULL, 
	person_id BIGINT NOT NULL, 
	vector BLOB, 
	sealed BLOB, 
	key_id TEXT, 
	model TEXT NOT NULL, 
	photo_digest TEXT NOT NULL, 
	quality TEXT NOT NULL, 
	provenance TEXT NOT NULL, 
	created TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT plain_or_sealed CHECK ((vector IS NULL) <> (sealed IS NULL)), 
	CONSTRAINT sealed_with_a_key CHECK ((sealed IS NULL) = (key_id IS NULL)), 
	FOREIGN KEY(person_id) REFERENCES people (id), 
	UNIQUE (photo_digest)
);
INSERT INTO "templates" VALUES(1,1,X'9A99193FCDCC4C3F',NULL,NULL,'8524c4c431a3ffff','4aca881af31bf329bfa62478e713bc2cada024972fef3254a524cc630b2c19a2','{"sharpness":0.5}','{"how":"enrolled"}','2026-11-25T14:16:20.719475+00:00','6421e9936ba92b50832bdf39f351bbcefb661cba87b87bc12030b1c86a6be7c8');
INSERT INTO "templates" VALUES(2,2,X'0000803F00000000',NULL,NULL,'8524c4c431a3ffff','9d731790516284dfb450ef4f23893133730f09a7462faa9c7928d73963645a64','{"sharpness":0.5}','{"how":"enrolled"}','2026-11-25T14:16:20.734512+00:00','87a6804a3d68ab3020d91d7078277ed44331920f33fb23e1ecf9d2fb7ca71a1f');
CREATE INDEX ix_templates_person_id ON templates (person_id);
CREATE TRIGGER audit_no_update BEFORE update ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE delete ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
COMMIT;
