# SPDX-License-Identifier: LGPL-2.1-or-later
"""The eight steps of callstats' integration guide, each an example program in Python and in C,
against a real collector: what is in its store afterwards is what the guide says, name by name."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools"))
sys.path.insert(0, os.path.join(TOP, "tests", "collector"))
from collector import Collector, make_secret_file  # noqa: E402
from wire import token  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
APP = "guide"
CONFERENCE = "AliceAndBobAndCharlie"
SECONDS = 60  # a sanitizer's or a loaded machine's, not a usual one's


class Guide(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="callstats-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.secret_file = make_secret_file(os.path.join(self.folder, "app-secret"))
        program = os.path.join(BUILD, "src", "collector", "callstats-collector")
        self.collector = Collector(program, self.folder, APP, self.secret_file).start()
        self.addCleanup(self.collector.stop)

    def run_step(self, name, code=0, warnings=0, **changes):
        """Runs an example; returns its output, line by line."""
        variables = {"CALLSTATS_BACKEND_URL": self.collector.backend, "CALLSTATS_APP_ID": APP,
                     "CALLSTATS_APP_SECRET_FILE": self.secret_file, **changes}
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("CALLSTATS_") or name == "CALLSTATS_TRANSPORT_DIR"}
        environment.update({name: value for name, value in variables.items() if value is not None})
        environment.setdefault("GST_REGISTRY_1_0", os.path.join(BUILD, "tests", "registry.bin"))
        environment["G_DEBUG"] = "fatal-criticals"
        result = subprocess.run(self.command(name), env=environment, timeout=SECONDS,
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertEqual(result.stderr.count("warning:"), warnings, result.stderr)
        return result.stdout.splitlines()

    def command(self, name):
        return [sys.executable, os.path.join(TOP, "examples", "python", name + ".py")]

    def conference(self):
        """What the store has of the guide's conference; fails if there is nothing."""
        known = self.collector.conference(CONFERENCE)
        self.assertIsNotNone(known)
        return known

    def events(self, name):
        return [event for event in self.conference()["events"] if event["name"] == name]

    def only(self, name):
        """The data of the only event of that name."""
        events = self.events(name)
        self.assertEqual(len(events), 1, [event["name"] for event in self.conference()["events"]])
        return events[0].get("data", {})

    def assert_fabric(self, remote_user="Bob", usage="multiplex"):
        self.assertEqual([(fabric["user"], fabric["remoteUser"], fabric["usage"])
                          for fabric in self.conference()["fabrics"]],
                         [("Alice", remote_user, usage)])

    def test_step_1_includes_the_library(self):
        lines = dict(line.split(": ") for line in self.run_step("step1_include"))
        self.assertEqual(set(lines["FabricUsage"].split()) - {"auto"},
                         {"multiplex", "audio", "video", "screen", "data", "unbundled"})
        self.assertEqual(lines["EndpointType"], "peer server")
        self.assertEqual(lines["UserIdType"], "local remote")
        for name in ("fabricHold", "fabricResume", "audioMute", "audioUnmute", "videoPause",
                     "videoResume", "fabricTerminated", "screenShareStart", "screenShareStop",
                     "dominantSpeaker", "activeDeviceList"):
            self.assertIn(name, lines["FabricEvent"].split())
        self.assertIn("getUserMedia", lines["WebrtcFunction"].split())
        self.assertIsNone(self.collector.conference(CONFERENCE))

    def test_step_2_initializes(self):
        self.assertEqual(self.run_step("step2_initialize"),
                         ["success SDK authentication successful."])

    def test_step_2_with_a_wrong_secret_says_so(self):
        wrong = make_secret_file(os.path.join(self.folder, "wrong"))
        lines = self.run_step("step2_initialize", code=1, warnings=1,
                              CALLSTATS_APP_SECRET_FILE=wrong)
        self.assertEqual(lines[0].split()[0], "authError")

    def test_step_2_with_a_token_generator_initializes(self):
        with open(self.secret_file, encoding="utf-8") as file:
            made = token(self.collector.backend.rstrip("/"), secret=file.read().strip(), app=APP,
                         user="Alice")
        lines = self.run_step("step2_initialize", warnings=1, CALLSTATS_APP_SECRET_FILE=None,
                              CALLSTATS_TOKEN=made)
        self.assertEqual(lines[-1], "success SDK authentication successful.")
        self.assertEqual([line.strip() for line in lines].count("token wanted"), 1)

    def test_step_3_adds_a_fabric(self):
        lines = self.run_step("step3_add_new_fabric")
        fabric = self.conference()["fabrics"][0]["fabric"]
        self.assertEqual(len(lines), 1)
        self.assertIn(fabric, lines[0])
        self.assert_fabric()
        self.assertEqual(self.only("addNewFabric"), {
            "fabricUsage": "multiplex", "remoteEndpointType": "peer",
            "fabricTransmissionDirection": "sendonly"})
        delay = self.only("fabricSetup")["delay"]
        added, = self.events("addNewFabric")
        setup, = self.events("fabricSetup")
        self.assertAlmostEqual(delay, setup["time"] - added["time"], delta=2)
        self.assertEqual(self.only("fabricTerminated"), {"cause": "pipeline"})

    def test_step_4_reports_an_error(self):
        self.run_step("step4_report_error")
        self.assert_fabric()
        failure = self.only("fabricSetupFailed")
        delay = failure.pop("delay")
        self.assertGreaterEqual(delay, 0)
        self.assertEqual({name: failure[name] for name in
                          ("function", "reason", "name", "message", "stack", "messageType")},
                         {"function": "createOffer", "reason": "NegotiationFailure",
                          "name": "RuntimeError", "message": "no codec in common",
                          "stack": "create_offer", "messageType": "domError"})
        added, = self.events("addNewFabric")
        failed, = self.events("fabricSetupFailed")
        self.assertAlmostEqual(delay, failed["time"] - added["time"], delta=2)

    def test_step_5_sends_fabric_events(self):
        self.run_step("step5_send_fabric_event")
        self.assert_fabric()
        self.assertEqual(self.only("videoPause"), {})
        self.assertEqual(self.only("activeDeviceList"), {"deviceList": [
            {"deviceId": "default", "kind": "videoinput", "label": "FaceTime HD Camera",
             "groupId": "2004946474"}]})
        self.only("fabricTerminated")
        names = [event["name"] for event in self.conference()["events"]]
        self.assertEqual(names[:1] + names[-1:], ["userJoined", "userLeft"])

    def test_step_6_says_whose_streams_they_are(self):
        self.run_step("step6_associate_mst_with_user_id")
        self.assert_fabric("conference-server")
        self.assertEqual([event["data"]["ssrcData"] for event in self.events("ssrcMap")], [
            [{"ssrc": 2447301367, "userID": "Alice", "usageLabel": "front-camera"}],
            [{"ssrc": 2955158514, "userID": "Bob", "usageLabel": "front-camera",
              "associatedVideoTag": "bobs-sink"}]])

    def test_step_7_sends_feedback(self):
        self.assertEqual(self.run_step("step7_send_user_feedback"), ["success"])
        self.assertEqual(self.only("userFeedback"), {"userID": "Alice", "overall": 4})

    def test_step_8_handles_stats(self):
        began = time.time()
        lines = self.run_step("step8_handle_stats")
        seconds = time.time() - began
        heads = [line.split() for line in lines if not line.startswith(" ")]
        self.assertEqual(len(heads), 5)
        self.assertEqual(heads[-1][:2], ["online", "established"])
        self.assertEqual(heads[-1][2],
                         f"{self.collector.url}api/v1/apps/{APP}/conferences/{CONFERENCE}")
        rates = [float(rate) for rate in re.findall(r"bitrate=(\S+)", "\n".join(lines[-2:]))]
        self.assertEqual(len(rates), 2)
        self.assertTrue(all(0 < rate < 10000 for rate in rates), lines[-2:])
        tracks = [dict(word.split("=") for word in line.split()) for line in lines[-2:]]
        self.assertEqual({(track["userID"], track["remoteUserID"]) for track in tracks},
                         {("Alice", "Bob")})
        fabric, = self.conference()["fabrics"]
        stored = self.collector.reports(fabric["fabric"])["reports"]
        self.assertTrue(5 <= len(stored) <= seconds + 2, len(stored))
        self.assertEqual({track["ssrc"] for track in tracks},
                         {str(stats["ssrc"]) for stats in stored[-1]["stats"].values()
                          if stats["type"] == "outbound-rtp"})
        # The same bytes over the same time, read out of the store by hand.
        for track in tracks:
            self.assertIn(track["bitrate"], [f"{rate:.6g}" for rate in
                                             self.stored_bitrates(stored, track["ssrc"])])

    @staticmethod
    def stored_bitrates(stored, ssrc):
        counted = [(stats["timestamp"], stats["bytesSent"]) for report in stored
                   for stats in report["stats"].values()
                   if stats["type"] == "outbound-rtp" and str(stats["ssrc"]) == ssrc]
        return [8 * (after[1] - before[1]) / (after[0] - before[0])
                for before, after in zip(counted, counted[1:])]


class GuideInC(Guide):
    """The same steps in C leave the same in the store."""

    def command(self, name):
        program = os.path.join(BUILD, "examples", "example-" + name.replace("_", "-"))
        if not os.path.exists(program):
            self.skipTest("built without examples")
        return [program]


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
