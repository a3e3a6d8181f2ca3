// Addresses in front of Prism: Graph has one host for v1.0 and beta, and a token endpoint that its OpenAPI description
// does not have. Some examples become of another kind (an Office 365 application, a group that can hold roles), so that
// what is asked once for each of those is asked too. Everything else is Prism's own answer, untouched.
//
// node front.mjs GRAPH_PORT V1_PORT BETA_PORT OKTA_PORT OKTA_PRISM_PORT
import { createServer, request } from "node:http";

const [graph, v1, beta, okta, oktaPrism] = process.argv.slice(2).map(Number);

function forward(asked, answer, port, path, change) {
  const target = { host: "127.0.0.1", port, path, method: asked.method, headers: asked.headers };
  const onward = request(target, (reply) => {
    if (!change) {
      answer.writeHead(reply.statusCode, reply.headers);
      reply.pipe(answer);
      return;
    }
    const parts = [];
    reply.on("data", (part) => parts.push(part));
    reply.on("end", () => {
      answer.writeHead(reply.statusCode, { "content-type": "application/json" });
      answer.end(JSON.stringify(change(JSON.parse(Buffer.concat(parts)))));
    });
  });
  onward.on("error", () => answer.writeHead(502).end());
  asked.pipe(onward);
}

// What is asked once for each of some things is asked of those alone that are of a kind; the examples are made so.
const each = (change) => (list) => list.map((item) => ({ ...item, ...change }));
const inValue = (change) => (page) => ({ ...page, value: each(change)(page.value) });

const graphChanges = {
  "/groups": inValue({ isAssignableToRole: true }),
  "/directory/administrativeUnits": inValue({ isMemberManagementRestricted: true }),
  "/servicePrincipals": inValue({
    appId: "00000003-0000-0000-c000-000000000000",
    tags: ["WindowsAzureActiveDirectoryIntegratedApp"],
  }),
};

createServer((asked, answer) => {
  const [, version, rest] = asked.url.match(/^\/(v1\.0|beta)(\/.*)$/) ?? [];
  if (asked.method === "POST" && asked.url.endsWith("/oauth2/v2.0/token")) {
    answer.writeHead(200, { "content-type": "application/json" });
    answer.end(JSON.stringify({ token_type: "Bearer", expires_in: 3599, access_token: "prism" }));
  } else if (version) {
    forward(asked, answer, version === "beta" ? beta : v1, rest, graphChanges[rest.split("?")[0]]);
  } else {
    answer.writeHead(404).end();
  }
}).listen(graph, "127.0.0.1");

const service = {
  signOnMode: "OPENID_CONNECT",
  settings: { oauthClient: { application_type: "service" } },
  credentials: { oauthClient: { client_id: "0oa1service" } },
};
// Examples of pages lead on to a page of another org, and the list of mail domains is one of them.
const lastPage = (page) => ({ ...page, _links: undefined });
const oktaChanges = {
  "/api/v1/iam/assignees/users": lastPage,
  "/api/v1/iam/roles": lastPage,
  "/api/v1/iam/resource-sets": lastPage,
  "/api/v1/email-domains": (domain) => [domain].flat(),
  "/api/v1/groups": each({ type: "OKTA_GROUP", profile: { name: "People of the rollout" } }),
  "/api/v1/mappings": each({ target: { id: "0oa1office", name: "office365_people", type: "appuser" } }),
  "/api/v1/apps": (apps) => [
    ...each({ name: "office365" })(apps),
    { ...apps[0], id: "0oa1directory", name: "active_directory" },
    { ...apps[0], id: "0oa1saml", signOnMode: "SAML_2_0" },
    { ...apps[0], id: "0oa1service", ...service },
  ],
};

createServer((asked, answer) => {
  forward(asked, answer, oktaPrism, asked.url, oktaChanges[asked.url.split("?")[0]]);
}).listen(okta, "127.0.0.1");
