package e2e

import (
	"os"
	"os/exec"
	"testing"

	"github.com/openrbm/openrbm/servertest"
	"github.com/openrbm/openrbm/test/postgres"
)

func TestMain(m *testing.M) { postgres.Main(m) }

// onPostgres are the tests that the everyday suite also runs on PostgreSQL.
// OPENRBM_TEST_ALL_ON_POSTGRES=1 runs all.
const onPostgres = "^(TestUploadProtocols|TestFileByURL|TestTesterInvitation|TestLaunchSteps|TestManagementSurvivesRestart|" +
	"TestCarouselIsDeliveredAndTapped|TestOfflinePhoneGetsItsMessagesInOrder|TestRepeatedIDIsIgnored|TestRevoke|TestRevokeInFlight|TestExpiry|" +
	"TestExpiryOrDeliveryNeverBoth|TestUnsubscribe|TestReach|TestEveryKindOfUserMessageAndEvent|TestWebhookFailsForAWhile|TestTyping|TestBatchGetUsers)$"

// TestOnPostgres runs tests of this package again, on PostgreSQL.
func TestOnPostgres(t *testing.T) {
	if os.Getenv(servertest.PostgresEnv) != "" {
		t.Skip("this is the second run")
	}
	which := onPostgres
	if os.Getenv("OPENRBM_TEST_ALL_ON_POSTGRES") != "" {
		which = "."
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", which, "-test.v")
	cmd.Env = append(os.Environ(), servertest.PostgresEnv+"="+postgres.Shared(t).Keywords())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
