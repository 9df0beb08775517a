"""FOCUS categories of Google Cloud's services."""

SERVICES = {
    "AI and Machine Learning": {
        "AI Platforms": "Vertex AI",
        "Generative AI": "Gemini API",
        "Natural Language Processing": "Cloud Natural Language|Cloud Speech API",
        "Machine Learning": "Cloud Vision API",
        "Bots": "Dialogflow API",
    },
    "Analytics": {
        "Analytics Platforms": "BigQuery|BigQuery Storage API|BigQuery Reservation API",
        "Data Processing": "Cloud Dataflow|Cloud Dataproc|Cloud Composer",
        "Business Intelligence": "Looker",
    },
    "Compute": {
        "Virtual Machines": "Compute Engine",
        "Containers": "Kubernetes Engine",
        "Serverless Compute": "Cloud Run|Cloud Functions|Cloud Run Functions",
        "Other (Compute)": "App Engine",
    },
    "Databases": {
        "Relational Databases": "Cloud SQL|Cloud Spanner|AlloyDB",
        "NoSQL Databases": "Cloud Bigtable|Cloud Firestore",
        "Caching": "Cloud Memorystore for Redis",
    },
    "Developer Tools": {
        "Continuous Integration and Deployment": "Cloud Build",
        "Other (Developer Tools)": "Artifact Registry|Container Registry Vulnerability Scanning",
    },
    "Integration": {
        "Messaging": "Cloud Pub/Sub|Cloud Tasks",
        "Workflow Orchestration": "Cloud Scheduler|Workflows",
        "API Management": "Apigee",
    },
    "Management and Governance": {
        "Observability": "Cloud Logging|Cloud Monitoring|Stackdriver Logging|Stackdriver Monitoring",
        "Support": "Support",
    },
    "Networking": {
        "Network Infrastructure": "Networking",
        "Network Routing": "Cloud DNS",
        "Content Delivery": "Cloud CDN",
        "Application Networking": "Cloud Load Balancing",
    },
    "Security": {
        "Secret Management": "Cloud Key Management Service (KMS)|Secret Manager",
        "Security Posture Management": "Security Command Center",
        "Other (Security)": "Cloud Armor",
    },
    "Storage": {
        "Object Storage": "Cloud Storage",
        "File Storage": "Cloud Filestore",
        "Backup Storage": "Backup for GKE",
    },
}
