// Prepares a database for Musubi: collections with strict validators, and the indexes that reads walk along.
//
//     mongosh 'mongodb://HOST/DATABASE' mongo-init/collections.js
//
// Run it as a user with the built-in role dbAdmin, before the first start and after each upgrade. A second run changes
// nothing; documents are never touched. The program refuses a database that lacks what is written here.
//
// A document is {_id: key, v: version, w: times touched, b: body}. A body holds its format number f, the members that
// an index names (below, in plain), and others that the database does not look into.

const LONG = "long";
const STRING = "string";

const COLLECTIONS = {
  meta: { members: {}, indexes: {} },
  commits: { members: { x: LONG }, indexes: { by_time: ["x"] } },
  leases: { members: {}, indexes: {} },
  keys: { members: {}, indexes: {} },
  persons: { members: { t: STRING, n: LONG }, indexes: { by_tenant: ["t", "n"] } },
  links: { members: { s: STRING }, indexes: { by_subject: ["s"] } },
  grants: { members: { s: STRING, n: LONG }, indexes: { by_subject: ["s", "n"] } },
  view_rows: {
    members: { l: STRING, n: LONG, s: STRING },
    indexes: { by_list: ["l", "n"], by_subject: ["s"] },
  },
  entities: { members: { s: STRING, y: STRING }, indexes: { by_subject: ["s", "y"] } },
  log_lines: { members: { s: STRING, t: LONG }, indexes: { by_subject: ["s", "t"] } },
  log_marks: { members: {}, indexes: {} },
  services: { members: { t: STRING }, indexes: { by_tenant: ["t"] } },
  tokens: { members: { x: LONG, c: STRING }, indexes: { by_expiry: ["x"], by_owner: ["c"] } },
  idempotency: { members: { x: LONG }, indexes: { by_expiry: ["x"] } },
  public_entities: {
    members: { p: STRING, n: LONG, y: STRING, i: STRING, s: STRING, x: LONG },
    indexes: {
      by_order: ["p", "n"],
      by_type: ["p", "y", "n"],
      by_id: ["p", "i", "n"],
      by_path: ["p", "s", "y", "n"],
      by_expiry: ["x"],
    },
  },
};

// A document may lack an index member (then it is not on that walk), but never hold it as another kind.
function validatorOf(members) {
  const properties = { f: { bsonType: "int" } };
  for (const [name, kind] of Object.entries(members)) {
    properties[name] = { bsonType: kind };
  }
  return {
    $jsonSchema: {
      bsonType: "object",
      required: ["_id", "v", "w", "b"],
      additionalProperties: false,
      properties: {
        _id: { bsonType: "string" },
        v: { bsonType: "long" },
        w: { bsonType: "long" },
        b: { bsonType: "object", required: ["f"], properties },
      },
    },
  };
}

// The key of the document comes last: it breaks ties.
function keyOf(members) {
  const key = {};
  for (const name of members) {
    key[`b.${name}`] = 1;
  }
  key._id = 1;
  return key;
}

function same(a, b) {
  return EJSON.stringify(a) === EJSON.stringify(b);
}

function must(result) {
  if (!result.ok) {
    throw new Error(EJSON.stringify(result));
  }
}

function prepareCollection(name, members) {
  const guard = { validator: validatorOf(members), validationLevel: "strict", validationAction: "error" };
  const found = db.getCollectionInfos({ name })[0];
  if (!found) {
    must(db.createCollection(name, guard));
  } else if (!same(found.options.validator, guard.validator) || found.options.validationLevel !== "strict" ||
             found.options.validationAction !== "error") {
    must(db.runCommand({ collMod: name, ...guard }));
  }
}

function prepareIndexes(name, indexes) {
  const collection = db.getCollection(name);
  const found = new Map(collection.getIndexes().map((index) => [index.name, index.key]));
  for (const [indexName, members] of Object.entries(indexes)) {
    const key = keyOf(members);
    if (found.has(indexName) && !same(found.get(indexName), key)) {
      collection.dropIndex(indexName);
      found.delete(indexName);
    }
    if (!found.has(indexName)) {
      collection.createIndex(key, { name: indexName });
    }
  }
}

for (const [name, { members, indexes }] of Object.entries(COLLECTIONS)) {
  prepareCollection(name, members);
  prepareIndexes(name, indexes);
}
print(`database ${db.getName()} is prepared`);
