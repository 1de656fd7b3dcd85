package businesscommunications

import "github.com/openrbm/openrbm/rbm"

const protoPackage = "google.communications.businesscommunications.v1."

// Every enum, its values in the order of facts/rbm-api.md §8.2.
func init() {
	rbm.RegisterEnum(protoPackage+"RcsBusinessMessagingAgent.AgentUseCase", "AGENT_USE_CASE_UNSPECIFIED",
		rbm.UseCaseTransactional, rbm.UseCasePromotional, rbm.UseCaseOTP, rbm.UseCaseMultiUse)
	rbm.RegisterEnum(protoPackage+"RcsBusinessMessagingAgent.HostingRegion", "HOSTING_REGION_UNSPECIFIED",
		HostingNorthAmerica, HostingEurope, HostingAsiaPacific)
	rbm.RegisterEnum(protoPackage+"BillingConfig.BillingCategory", "BILLING_CATEGORY_UNSPECIFIED",
		BillingConversationalLegacy, BillingConversational, BillingSingleMessage, BillingBasicMessage, BillingNonConversational)
	rbm.RegisterEnum(protoPackage+"RegionLaunch.LaunchState", "LAUNCH_STATE_UNSPECIFIED", LaunchUnlaunched, LaunchPending,
		LaunchLaunched, LaunchRejected, LaunchSuspended, LaunchPendingUnlaunch, LaunchInvalidInGmb)
	rbm.RegisterEnum(protoPackage+"AgentVerification.VerificationState", "VERIFICATION_STATE_UNSPECIFIED",
		Unverified, VerificationPending, Verified)
	rbm.RegisterEnum(protoPackage+"Integration.IntegrationStatus", "INTEGRATION_STATUS_UNSPECIFIED", IntegrationEnabled, IntegrationDisabled)
	rbm.RegisterEnum(protoPackage+"AutoResponseStatus", "AUTO_RESPONSE_STATUS_UNSPECIFIED", AutoResponseEnabled, AutoResponseDisabled)
	rbm.RegisterEnum(protoPackage+"OperationInfo.OperationType", "OPERATION_TYPE_UNSPECIFIED",
		AssociateDialogflow, DissociateDialogflow, AddDocumentToKnowledgebase, DeleteDocumentFromKnowledgebase)
	rbm.RegisterEnum(protoPackage+"OperationInfo.OperationState", "OPERATION_STATE_UNSPECIFIED",
		OperationProcessing, OperationCompleted, OperationFailed)
	rbm.RegisterEnum(protoPackage+"Tester.InviteStatus", "INVITE_STATUS_UNSPECIFIED",
		InviteStatusPending, InviteStatusAccepted, InviteStatusDeclined)
}
