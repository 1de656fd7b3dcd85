// How the same send is written elsewhere.

/** @param {string} agent @param {string} phone @param {string} body */
export function curl(agent, phone, body) {
  return `TOKEN=$(openrbm key token --key-file ${agent}-key.json)
curl -X POST "${location.origin}/v1/phones/${phone}/agentMessages?messageId=$(uuidgen)&agentId=${agent}" \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '${compact(body).replace(/'/g, `'\\''`)}'`;
}

/** @param {string} agent @param {string} phone @param {string} body */
export function node(agent, phone, body) {
  return `import { GoogleAuth } from 'google-auth-library';
import { randomUUID } from 'node:crypto';

const auth = new GoogleAuth({
  keyFile: '${agent}-key.json',
  scopes: ['https://www.googleapis.com/auth/rcsbusinessmessaging'],
});
const client = await auth.getClient();
const { data } = await client.request({
  url: \`${location.origin}/v1/phones/${phone}/agentMessages?messageId=\${randomUUID()}&agentId=${agent}\`,
  method: 'POST',
  data: ${indent(body, 2)},
});
console.log(data.name);`;
}

/** @param {string} agent @param {string} phone @param {string} body */
export function python(agent, phone, body) {
  return `import json
import uuid

from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import service_account

credentials = service_account.Credentials.from_service_account_file(
    "${agent}-key.json", scopes=["https://www.googleapis.com/auth/rcsbusinessmessaging"])
message = json.loads(r'''
${pretty(body)}
''')
answer = AuthorizedSession(credentials).post(
    "${location.origin}/v1/phones/${phone}/agentMessages",
    params={"messageId": str(uuid.uuid4()), "agentId": "${agent}"}, json=message)
answer.raise_for_status()
print(answer.json()["name"])`;
}

/** @param {string} agent @param {string} phone @param {string} body */
export function go(agent, phone, body) {
  return `package main

import (
	"context"
	"fmt"
	"log"

	"github.com/openrbm/openrbm/client"
)

const message = ${pretty(body).includes('`') ? JSON.stringify(compact(body)) : '`' + pretty(body) + '`'}

func main() {
	c, err := client.New(client.Options{BaseURL: "${location.origin}", KeyFile: "${agent}-key.json", AgentID: "${agent}"})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := c.CreateAgentMessageJSON(context.Background(), "${phone}", client.NewMessageID(), []byte(message))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer))
}`;
}

/** @param {string} body */
function compact(body) {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return body;
  }
}

/** @param {string} body */
function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** @param {string} body @param {number} by */
const indent = (body, by) => pretty(body).replace(/\n/g, '\n' + ' '.repeat(by));
