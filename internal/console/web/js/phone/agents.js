// The agents as phones know them.
import { Live } from '../dom.js';
import { get } from '../api.js';

/** @typedef {{agentId: string, displayName: string, description?: string, color?: string, logoUri?: string, heroUri?: string, launched: boolean, agentUseCase: string, brandDisplayName?: string, phoneNumbers?: any[], emails?: any[], websites?: any[], privacy?: any, termsConditions?: any, webhookPaused?: boolean}} Agent */

/** @type {Live<Map<string, Agent>>} */
export const agents = new Live(new Map());

/** Reads the agents again. */
export async function loadAgents() {
  const list = (await get('agents')).agents;
  agents.set(new Map(list.map((/** @type {Agent} */ a) => [a.agentId, a])));
}

/** The agent by which the platform itself asks testers. @type {Agent} */
const platform = { agentId: '_tester_management', displayName: 'Tester invitations', description: 'Asks whether you want to be a tester', color: '#5f6368', launched: true, agentUseCase: '' };

/** @param {string} id @returns {Agent} */
export function agentOf(id) {
  if (id === platform.agentId) return platform;
  return agents.value.get(id) ?? { agentId: id, displayName: id, launched: false, agentUseCase: '' };
}

/** @param {Agent} a */
export const colorOf = (a) => a.color || '#3b5bdb';

/** @param {string} name */
export const initials = (name) => name.split(/\s+/).filter(Boolean).slice(0, 2).map((w) => [...w][0].toUpperCase()).join('');
