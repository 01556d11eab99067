// Roles of least privilege for one prepared database. Nobody of Musubi may create, change or drop a collection.
//
//     mongosh 'mongodb://HOST/DATABASE' mongo-init/roles.js
//
// Run it as a user with the built-in role userAdmin; a second run changes nothing. Then make the two users, for example
//
//     db.createUser({ user: "ngsi-proxy", pwd: passwordPrompt(), roles: ["musubi_proxy"] })
//     db.createUser({ user: "vaultctl", pwd: passwordPrompt(), roles: ["musubi_vaultctl"] })

// Relying on a document touches it, so "update" goes with each "find" that a commit may rely on.
const READ_AND_TOUCH = ["find", "update"];
const APPEND = ["find", "insert", "update"];
const ALL = ["find", "insert", "update", "remove"];

const PROXY = {
  meta: APPEND,
  commits: ALL,
  leases: ALL,
  keys: ALL,
  persons: ALL,
  links: ALL,
  grants: ALL,
  view_rows: ALL,
  entities: ALL,
  log_lines: ALL,
  log_marks: APPEND,
  services: READ_AND_TOUCH,
  tokens: ALL,
  idempotency: ALL,
  public_entities: ALL,
};

const VAULTCTL = Object.fromEntries(Object.keys(PROXY).map((name) => [name, ALL]));

// Both look at what the database holds when they start.
function privilegesOf(table) {
  const database = db.getName();
  const privileges = [{ resource: { db: database, collection: "" }, actions: ["listCollections"] }];
  for (const [collection, actions] of Object.entries(table)) {
    privileges.push({ resource: { db: database, collection }, actions: [...actions, "listIndexes"] });
  }
  return privileges;
}

function prepareRole(role, table) {
  const privileges = privilegesOf(table);
  if (db.getRole(role)) {
    db.updateRole(role, { privileges, roles: [] });
  } else {
    db.createRole({ role, privileges, roles: [] });
  }
}

prepareRole("musubi_proxy", PROXY);
prepareRole("musubi_vaultctl", VAULTCTL);
print(`database ${db.getName()} has its roles`);
