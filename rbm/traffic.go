package rbm

import "slices"

// MessageTrafficType is the kind of traffic that a message belongs to; "" is
// unspecified, and the agent's use case decides (facts/rbm-api.md §2.11).
type MessageTrafficType string

// The traffic types (facts/rbm-api.md §2.11).
const (
	TrafficAuthentication  MessageTrafficType = "AUTHENTICATION"
	TrafficTransaction     MessageTrafficType = "TRANSACTION"
	TrafficPromotion       MessageTrafficType = "PROMOTION"
	TrafficServiceRequest  MessageTrafficType = "SERVICEREQUEST"
	TrafficAcknowledgement MessageTrafficType = "ACKNOWLEDGEMENT"
)

// AgentUseCase is what an agent is for; "" is unspecified (facts/rbm-api.md §8.2).
type AgentUseCase string

// The agent use cases (facts/rbm-api.md §8.2).
const (
	UseCaseTransactional AgentUseCase = "TRANSACTIONAL"
	UseCasePromotional   AgentUseCase = "PROMOTIONAL"
	UseCaseOTP           AgentUseCase = "OTP"
	UseCaseMultiUse      AgentUseCase = "MULTI_USE"
)

// trafficRules holds, for each use case, the traffic types that it may send
// besides SERVICEREQUEST and ACKNOWLEDGEMENT (facts/rbm-api.md §2.11). The first is the
// default, except for MULTI_USE, which has none.
var trafficRules = map[AgentUseCase][]MessageTrafficType{
	UseCaseOTP:           {TrafficAuthentication},
	UseCaseTransactional: {TrafficTransaction},
	UseCasePromotional:   {TrafficPromotion},
	UseCaseMultiUse:      {TrafficTransaction, TrafficPromotion},
}

// TrafficType is the traffic type of a message that an agent of the use case
// sends with type t: t itself or, when t is unspecified, the default of the use
// case. It fails with INVALID_ARGUMENT when the use case does not allow t, and
// when a MULTI_USE agent gives none (facts/rbm-api.md §2.11). An unspecified use case is
// PROMOTIONAL (facts/rbm-api.md §8.2).
func TrafficType(useCase AgentUseCase, t MessageTrafficType) (MessageTrafficType, error) {
	if useCase == "" {
		useCase = UseCasePromotional
	}
	allowed := trafficRules[useCase]
	switch {
	case t == "" && len(allowed) == 1:
		return allowed[0], nil
	case t == TrafficServiceRequest, t == TrafficAcknowledgement, slices.Contains(allowed, t):
		return t, nil
	}
	v, p := validator{}, path{name: "agent_message", index: -1}
	if t == "" {
		v.fail(&p, "message_traffic_type", "required for an agent with the use case %s", useCase)
	} else {
		v.fail(&p, "message_traffic_type", "%s is not allowed for an agent with the use case %s", t, useCase)
	}
	return "", v.err()
}
