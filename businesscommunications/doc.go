// Package businesscommunications holds the words of the management API, which
// Google calls the Business Communications API: brands, agents, their launches,
// verifications and integrations, partners, regions and testers
// (facts/rbm-api.md §8). Bodies are read with [rbm.Decode].
package businesscommunications
