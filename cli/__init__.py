"""`proctorctl`: everything an administrator does, over the coordinator's REST API.

main            the command line: one group per noun
accommodations  agreed with one candidate      alerts    what edge nodes found
audit           who read or changed what       backups   of database and keys; the coordinator makes them
enroll          faces of candidates            exams     exams and their policies
incidents       grouped alerts                 models    weights of networks
policies        policies as files              review    the queue of what waits for a person
sessions        start, look at, act on, end    tokens    access tokens and their keys
interventions   what people do in a running session
tenants         institutions, for operators    parked    messages of nodes not judged, for operators
destinations    the institution's own systems  webhooks  made and signed for
nodes           nodes that join, their state, cordon and drain, for operators
draining        waits until a node is empty   node_text  a node in words (pure)
node_settings   what nodes are to have: `nodes config` and `nodes apply`
rollouts        a new version of a network: `models rollout` and `exams pin`
fleet           what a number of sessions needs   fleet_plan  the model behind it (pure)
nodes           nodes that join, for operators
holds           what must not be erased        retention what is erased by a date
privacy         erasure and access of persons
features        the log of features as a table
devices         the devices of a session, and new links to it
doctor          what is wrong with an installation, and how to repair it

client          one part per noun               calls     how a call is made, errors out of problems
connection      which coordinator, as whom      documents what an administrator wrote, one object per file
alert_calls, audit_calls, destination_calls, device_calls, enrollment_calls, exam_calls, feature_calls,
incident_calls, keeping_calls, membership_calls, node_calls, privacy_calls, rollout_calls, session_calls,
tenant_calls, token_calls
                the parts: one method per call
batches         one call per row of a file      candidates_from sessions and enrollments so
render          tables, JSON and YAML          watching  lists that stay open

up              a whole installation on this machine
demo            a scripted exam, judged        demo_files  the demo's page
live            a candidate's stream and a proctor's socket
installation    prepares one in a data folder  running     starts one, and again what dies
programs        child programs                 restarts    when a program is started again
acknowledged    what a candidate has acknowledged elsewhere
"""
