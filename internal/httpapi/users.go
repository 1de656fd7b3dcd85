package httpapi

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// minSampled is how many numbers a request must have for a random sample to be
// drawn, of three quarters of them (facts/rbm-api.md §1.8).
const minSampled = 500

// batchGetUsers is users.batchGet (facts/rbm-api.md §1.8).
func (a *API) batchGetUsers(c *call) (any, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	in, err := rbm.Decode[rbm.BatchGetUsersRequest](body, "")
	if err != nil {
		return nil, err
	}
	agent, err := a.agentNamed(c, in.AgentID)
	if err != nil {
		return nil, err
	}
	numbers, err := distinct(in.Users)
	if err != nil {
		return nil, err
	}
	if err := checkRegion(numbers, a.regionOf(c.r)); err != nil {
		return nil, err
	}
	found, err := a.Registry.Find(c.r.Context(), agent, numbers)
	if err != nil {
		return nil, err
	}
	return countUsers(found, numbers), nil
}

// distinct checks the numbers and drops repeats.
func distinct(users []string) ([]string, error) {
	numbers := make([]string, 0, len(users))
	seen := make(map[string]bool, len(users))
	var wrong []rbm.Violation
	for i, u := range users {
		if !rbm.ValidPhone(u) && len(wrong) < rbm.MaxViolations {
			wrong = append(wrong, rbm.Violation{Field: fmt.Sprintf("users[%d]", i),
				Description: fmt.Sprintf("Invalid value at 'users[%d]': the phone number must be in E.164 form, such as +12223334444.", i)})
		}
		if !seen[u] {
			seen[u] = true
			numbers = append(numbers, u)
		}
	}
	if n := len(numbers); n == 0 || n > rbm.MaxBatchUsers {
		wrong = []rbm.Violation{{Field: "users", Description: fmt.Sprintf(
			"Invalid value at 'users': there must be 1 to %d phone numbers, there are %d.", rbm.MaxBatchUsers, n)}}
	}
	if len(wrong) > 0 {
		return nil, rbm.InvalidArgument(wrong...)
	}
	return numbers, nil
}

func countUsers(found []registry.Found, numbers []string) *rbm.BatchGetUsersResponse {
	out := &rbm.BatchGetUsersResponse{}
	for i, f := range found {
		if !f.Reached {
			continue
		}
		out.ReachableUsers = append(out.ReachableUsers, numbers[i])
		if f.Carrier != "" {
			if out.ReachableUsersMap == nil {
				out.ReachableUsersMap = make(map[string]rbm.ReachableUsers)
			}
			of := out.ReachableUsersMap[f.Carrier]
			of.ReachableUsers = append(of.ReachableUsers, numbers[i])
			out.ReachableUsersMap[f.Carrier] = of
		}
	}
	if len(found) < minSampled {
		return out
	}
	sample := slices.Clone(found)
	rand.Shuffle(len(sample), func(i, j int) { sample[i], sample[j] = sample[j], sample[i] })
	sample = sample[:len(sample)*3/4]
	out.TotalRandomSampleUserCount = int32(len(sample))
	for _, f := range sample {
		if f.HasRCS {
			out.ReachableRandomSampleUserCount++
		}
	}
	return out
}
